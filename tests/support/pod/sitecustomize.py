"""What a process of the image meets, for one that a test starts with another Python.

Python imports this by itself where its folder is in PYTHONPATH. Contexts are as strict as
`ssl.create_default_context` makes them from Python 3.13 on, and no uid is in /etc/passwd.
"""

import pwd
import ssl
from typing import Any, NoReturn

_made = ssl.create_default_context


def _strict(*arguments: Any, **options: Any) -> ssl.SSLContext:  # noqa: ANN401 - whatever ssl takes
    context = _made(*arguments, **options)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | ssl.VERIFY_X509_STRICT
    return context


def _unknown(uid: int) -> NoReturn:
    raise KeyError(f"getpwuid(): uid not found: {uid}")


ssl.create_default_context = _strict
pwd.getpwuid = _unknown
