"""What is yet to be put in, and what is a value."""

import pytest

from metallb_cli.placeholders import is_placeholder

ADDRESS = "spec.addresses[0]"


@pytest.mark.parametrize(
    "value",
    [
        "${LB_RANGE}",
        "${lb.start}-${lb.end}",
        "192.0.2.${START}-192.0.2.${END}",
        "$LB_RANGE",
        "$lb_range",
        "$(LB_RANGE)",
        "{{ lb_range }}",
        "[[ range ]]",
        "<%= range %>",
        "%{range}",
        "#{range}#",
        "{range}",
        "<your range>",
        "<IP-RANGE-1>",
        "@RANGE@",
        "__RANGE__",
        "%RANGE%",
        "%%RANGE%%",
        "CHANGEME",
        "change-me",
        "REPLACE_ME",
        "replace-with-your-range",
        "TODO",
        "YOUR_RANGE",
        "your-ip-range",
        "x.x.x.x",
        "x.x.x.x-y.y.y.y",
        "192.168.X.0/24",
        "10.0.0.xx",
        "$RANGE" * 1000,
    ],
)
def test_placeholders(value: str) -> None:
    assert is_placeholder(value, ADDRESS)


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ("192.0.2.0", ADDRESS),
        ("192.0.2.0/33", ADDRESS),
        ("fe80::1%eth0", "spec.peerAddress"),
        ("router.example", "spec.peerAddress"),
        ("1.100", "spec.myASN"),
        ("64500:x1", "spec.communities[0]"),
        ("", ADDRESS),
        ("a" * 10_000, ADDRESS),
        ("x" * 10_000 + "!", ADDRESS),
        # Any word is a name.
        ("todo", "metadata.name"),
        ("your-pool", "metadata.name"),
        ("example", "metadata.namespace"),
    ],
)
def test_values(value: str, path: str) -> None:
    assert not is_placeholder(value, path)


def test_a_name_with_the_marks_of_a_template_is_none() -> None:
    assert is_placeholder("{{ .Release.Name }}", "metadata.name")
