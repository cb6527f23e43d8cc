"""Values that are yet to be put in, by the marks that tools and people give them. Pure.

Of envsubst, Flux, kustomize, Helm, Ansible, Jinja, ERB, Terraform, Azure Pipelines and people.
"""

import re
from typing import Final

_LONGEST: Final = 200
_MARKS: Final = re.compile(
    r"\$\{[^}]*\}|\$\([^)]*\)|\$[A-Za-z_]{2,}|\{\{.*\}\}|\[\[.*\]\]|<%.*%>|[%#]\{[^}]*\}|\{\w+\}"
    r"|<[A-Za-z][\w ./-]*>|@@?\w+@@?|__\w+__|%%?[A-Za-z_]\w*%"
)
"""What no name and no value of Kubernetes has in it."""
_WORDS: Final = re.compile(
    r"(change|replace)[-_ ]?(me|this|with.*)|todo|tbd|fixme|placeholder|example"
    r"|your?[-_ ].*"
    # Parts of an address that somebody is to fill in: 192.168.X.0/24, a.b.c.d is none.
    r"|([\d.:-]*[.:])?x{1,4}([.:/-][\dxy.:/-]*)?",
    re.IGNORECASE,
)
"""What may be a name."""


def is_placeholder(value: str, path: str) -> bool:
    """Return whether a value that something is wrong with is a placeholder.

    Args:
        value: as it is written.
        path: of its field: a name may be any word.
    """
    start = value[:_LONGEST].strip()
    if _MARKS.search(start):
        return True
    may_be_word = len(value) <= _LONGEST and not path.startswith("metadata.")
    return may_be_word and bool(_WORDS.fullmatch(start))
