"""What is copied into the image."""

import pytest

from metallb_image.selection import loaded, of_packages, of_standard_library

PACKAGES = "lib/python3.13/site-packages"


@pytest.mark.parametrize(
    ("path", "copied"),
    [
        ("os.py", True),
        ("asyncio/events.py", True),
        ("unittest/mock.py", True),
        ("lib-dynload/_ssl.cpython-313-x86_64-linux-gnu.so", True),
        ("lib-dynload/_testcapi.cpython-313-x86_64-linux-gnu.so", False),
        ("lib-dynload/_curses_panel.cpython-313-x86_64-linux-gnu.so", False),
        ("lib-dynload/readline.cpython-313-x86_64-linux-gnu.so", False),
        ("asyncio/__pycache__/events.cpython-313.pyc", False),
        ("__pycache__/os.cpython-313.pyc", False),
        ("test/support/__init__.py", False),
        ("ensurepip/_bundled/pip-25.1-py3-none-any.whl", False),
        ("site-packages/pip/__main__.py", False),
        ("dist-packages/yaml/__init__.py", False),
        ("config-3.13-x86_64-linux-gnu/libpython3.13.a", False),
        ("lib2to3/tests/data/crlf.py", False),
        ("ctypes/test/__init__.py", False),
        ("sitecustomize.py", False),
        ("site.py", True),
    ],
)
def test_of_the_standard_library(path: str, *, copied: bool) -> None:
    assert of_standard_library(path) == copied


@pytest.mark.parametrize(
    ("path", "copied"),
    [
        ("pyvenv.cfg", True),
        ("bin/python", True),
        ("bin/python3.13", True),
        ("bin/metallb-operator", True),
        ("bin/metallb-webhooks", True),
        ("bin/kubectl-metallb", True),
        ("bin/kopf", False),
        ("bin/pip3", False),
        ("bin/activate", False),
        (f"{PACKAGES}/kopf/__init__.py", True),
        (f"{PACKAGES}/kopf/__pycache__/__init__.cpython-313.pyc", False),
        (f"{PACKAGES}/yaml/_yaml.cpython-313-x86_64-linux-gnu.so", True),
        (f"{PACKAGES}/aiohttp/_http_parser.pyx", False),
        (f"{PACKAGES}/aiohttp/py.typed", True),
        (f"{PACKAGES}/kopf/test/needed.py", True),
        (f"{PACKAGES}/kubernetes/client/__init__.py", True),
        (f"{PACKAGES}/kubernetes/client/rest.py", True),
        (f"{PACKAGES}/kubernetes/client/api/core_v1_api.py", False),
        (f"{PACKAGES}/kubernetes/client/api/__init__.py", True),
        (f"{PACKAGES}/kubernetes/aio/client/models/__init__.py", True),
        (f"{PACKAGES}/kubernetes/aio/client/models/v1_pod.py", False),
        (f"{PACKAGES}/metallb_operator/charts/metallb/values.yaml", True),
        (f"{PACKAGES}/metallb_crds/models/x.py", True),
    ],
)
def test_of_our_environment(path: str, *, copied: bool) -> None:
    assert of_packages(path) == copied


def test_what_the_dynamic_linker_lists_is_read() -> None:
    listing = (
        "\tlinux-vdso.so.1 (0x00007fff5a1d2000)\n"
        "\tlibstdc++.so.6 => /lib/x86_64-linux-gnu/libstdc++.so.6 (0x00007f5e3f000000)\n"
        "\tlibffi-1.so => /opt/x/../x.libs/libffi-1.so (0x00007f5e3e000000)\n"
        "\t/lib64/ld-linux-x86-64.so.2 (0x00007f5e3f400000)\n"
        "\tstatically linked\n"
    )
    assert loaded(listing) == (
        "/lib/x86_64-linux-gnu/libstdc++.so.6",
        "/opt/x/../x.libs/libffi-1.so",
        "/lib64/ld-linux-x86-64.so.2",
    )
