"""Whatever a file holds, it is read within limits, or refused in one sentence with its place."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from metallb_cli.main import app
from metallb_cli.printed import line
from metallb_cli.yaml_limits import MAX_BYTES, MAX_DEPTH, MAX_VALUES, Tally, UnusableTextError
from metallb_cli.yaml_nodes import Node, compose, plain

POOL = "apiVersion: metallb.io/v1beta1\nkind: IPAddressPool\nmetadata: {name: a}\n"


def bomb(levels: int = 9) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, levels)]
    return "kind: X\n" + "\n".join(lines)


def merges(levels: int = 40) -> str:
    lines = ["a0: &a0 {x: 1}"]
    lines += [f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}" for n in range(1, levels)]
    return "kind: X\n" + "\n".join(lines)


REFUSED = {
    "aliases that expand": (bomb(), "which kubectl refuses; write out what they stand for"),
    "merges that expand": (merges(), "write out what they stand for"),
    "an alias within itself": ("kind: X\na: &a [*a]", ":2:8: the alias *a stands within"),
    "a merge with itself": ("kind: X\na: &a {<<: *a}", ":2:12: the alias *a stands within"),
    "an alias of nothing": ("kind: X\na: *b", ":2:4: the alias *b stands for nothing"),
    "a merge of a number": ("kind: X\n<<: 5", ":2:1: `<<` takes a map or a list of maps"),
    "a merge of texts": ("kind: X\n<<: [{}, a]", ":2:1: `<<` takes a map or a list of maps"),
    "brackets": ("kind: X\na: " + "[" * 3000, "levels deep here"),
    "braces": ("kind: X\na: " + "{a: " * 3000, "levels deep here"),
    "dashes": ("kind: X\na:\n" + "- " * 3000, "levels deep here"),
    "JSON": ('{"kind": "X", "a": ' + "[" * 3000, "levels deep here"),
    "half of a character": ('kind: "\\ud800"', ":1:"),
    "a control character": ("kind: X\na: \x1b[2J", ":2:4: the character U+001B is not allowed"),
    "a null character": ("kind: X\na: \x00", ":2:4: the character U+0000 is not allowed"),
    "a map as key": ("kind: X\n{a: b}: c", ":2:1: a key is a list or a map"),
    "directives": ("%TAG !a! b\n" * 101 + "---\nkind: X", ":101:1: more than 100 lines begin"),
    "too many values": (
        "kind: X\na: [" + "1," * MAX_VALUES + "]",
        f"there are more than {MAX_VALUES:,} values up to here",
    ),
}


def run(command: str, *arguments: str, stdin: str) -> Result:
    return CliRunner().invoke(app, [command, *arguments], input=stdin)


def refused(result: Result, code: int, said: str) -> None:
    assert isinstance(result.exception, SystemExit)
    assert result.exit_code == code
    assert result.stdout == ""
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert len(result.stderr) < 400


@pytest.mark.parametrize("what", REFUSED)
def test_lint_refuses(what: str) -> None:
    text, said = REFUSED[what]
    result = run("lint", "-", stdin=text)
    refused(result, 2, said)
    assert result.stderr.startswith("kubectl metallb lint: <stdin>:")


@pytest.mark.parametrize("command", ["plan", "render", "migrate"])
@pytest.mark.parametrize("what", REFUSED)
def test_others_refuse(command: str, what: str) -> None:
    text, said = REFUSED[what]
    refused(run(command, "-f", "-", stdin=text), 1, said)


def within(text: str) -> str:
    indented = text.replace("\n", "\n    ")
    return f"apiVersion: v1\nkind: ConfigMap\ndata:\n  config: |\n    {indented}\n"


@pytest.mark.parametrize("what", sorted(REFUSED.keys() - {"JSON"}))
def test_the_old_configuration_is_refused(what: str) -> None:
    text, said = REFUSED[what]
    result = run("migrate", "-f", "-", stdin=within(text))
    assert isinstance(result.exception, SystemExit)
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1
    assert said.partition(": ")[2] in result.stderr or said in result.stderr


READ: dict[str, tuple[str, str]] = {
    "digits": ("1" * 5000, "spec.avoidBuggyIPs"),
    "hexadecimal digits": ("0x" + "f" * 5000, "spec.avoidBuggyIPs"),
    "a number beyond all": ("1e999", "spec.avoidBuggyIPs"),
    "a large number": ("1e300", "spec.avoidBuggyIPs"),
}


@pytest.mark.parametrize("what", READ)
def test_numbers_are_values_like_others(what: str) -> None:
    number, path = READ[what]
    text = f"{POOL}spec: {{addresses: [10.0.0.0/24], avoidBuggyIPs: {number}}}"
    result = run("lint", "-", stdin=text)
    assert isinstance(result.exception, SystemExit)
    assert result.exit_code == 1
    assert path in result.stdout
    assert len(result.stdout) < 1000


def test_a_large_number_where_a_whole_one_is_wanted() -> None:
    text = POOL.replace("IPAddressPool", "BGPAdvertisement") + "spec: {localPref: 1e300}"
    result = run("lint", "-", stdin=text)
    assert isinstance(result.exception, SystemExit)
    assert result.exit_code == 1
    assert "localPref" in result.stdout


def nested(opening: str, closing: str, levels: int) -> str:
    return opening * levels + "1" + closing * levels


@pytest.mark.parametrize(
    "field", ["spec", "metadata", "metadata: {labels", "spec: {ipAddressPoolSelectors", "x"]
)
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ("{a: ", "}")])
def test_as_deep_as_is_allowed_is_walked_through(field: str, opening: str, closing: str) -> None:
    ends = "}" * field.count("{")
    text = (
        "apiVersion: metallb.io/v1beta1\nkind: L2Advertisement\n"
        f"{field}: {nested(opening, closing, MAX_DEPTH - 4)}{ends}"
    )
    result = run("lint", "-", stdin=text)
    assert isinstance(result.exception, SystemExit)
    assert result.exit_code == 1


def test_migrate_writes_as_deep_as_is_allowed() -> None:
    deep = nested("[", "]", MAX_DEPTH - 8)
    text = within(f"address-pools: [{{name: a, protocol: layer2, addresses: {deep}}}]")
    assert run("migrate", "-f", "-", stdin=text).exit_code == 0


def test_aliases_are_fine_as_long_as_they_are_few() -> None:
    text = f"{POOL}spec: &a {{addresses: [10.0.0.0/24]}}\n---\nkind: X\na: &b [1]\nb: [*b, *b]\n"
    assert run("lint", "-", stdin=text).exit_code == 0


def test_a_large_file_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    refused(run("lint", str(path), stdin=""), 2, f"has more than {MAX_BYTES:,} bytes; split it")
    refused(run("lint", "-", stdin="#" * (MAX_BYTES + 1)), 2, "<stdin>: has more than")


def test_what_files_have_together_is_bounded() -> None:
    tally = Tally()
    text = "[" + "1," * (MAX_VALUES - 1) + "]"
    for _ in range(4):
        list(compose(text, tally=tally))
    with pytest.raises(UnusableTextError, match="in all files up to here; give fewer files"):
        list(compose(text, tally=tally))


def test_more_objects_than_can_be_compared() -> None:
    one = "---\napiVersion: metallb.io/v1beta2\nkind: BGPPeer\nmetadata: {name: a}\n"
    refused(run("lint", "-", stdin=one * 1001), 2, "1,000 objects of kind BGPPeer up to here")


def sizes(node: Node, levels: int = 1) -> Iterator[int]:
    """Yield the depth of every value."""
    yield levels
    below = node.value.values() if isinstance(node.value, dict) else node.value
    for one in below if isinstance(node.value, dict | list) else ():
        yield from sizes(one, levels + 1)


@pytest.mark.parametrize("levels", [2, 3, 4])
def test_what_aliases_stand_for_counts(levels: int) -> None:
    tally = Tally()
    try:
        (node,) = compose(bomb(levels), tally=tally)
    except UnusableTextError:
        assert levels > 3
    else:
        # Keys and the aliases themselves count as well.
        assert sum(1 for _ in sizes(node)) <= tally.values
        assert plain(node)["kind"] == "X"


FORGED = "x\n::stop-commands::abc\r\u2028##[add-mask]y\x1b[2J\x9b1m\u202ez"


@pytest.mark.parametrize("form", ["text", "github", "json", "sarif"])
def test_no_name_forges_output(form: str) -> None:
    name = '"x\\n::stop-commands::abc\\r\\u2028##[add-mask]y\\e[2J\\x9b1m\\u202ez"'
    text = POOL.replace("name: a", f"name: {name}") + f"spec: {{{name}: 1, addresses: [{name}]}}"
    result = run("lint", "-", "-o", form, stdin=text)
    assert result.exit_code == 1
    assert all(c == "\n" or c.isprintable() for c in result.stdout)
    assert "##[" not in result.stdout
    forged = [one for one in result.stdout.splitlines() if "stop-commands" in one]
    assert forged
    if form == "github":
        assert all(one.startswith(("::error file=", "::warning file=")) for one in forged)
    else:
        assert not any(one.strip().startswith("::") for one in forged)


def test_no_path_forges_output(tmp_path: Path) -> None:
    path = tmp_path / "x\n::error::y\x1b.yaml"
    path.write_text("kind: [")
    result = run("lint", str(path), stdin="")
    refused(result, 2, "x : :error::y .yaml:1:8: ")


TEXTS: list[tuple[str, str]] = [
    ("plain \u00e9 \u65e5\u672c", "plain \u00e9 \u65e5\u672c"),
    ("a\nb\r\u2028c\x85", "a b  c "),
    ("::error::x", ": :error::x"),
    ("a ::stop-commands::x", "a : :stop-commands::x"),
    ("::warning file=a,line=1::x", ": :warning file=a,line=1::x"),
    ("##[error]x ##vso[task.setvariable]", "# #[error]x # #vso[task.setvariable]"),
    (
        "fc00::a - fc00::b overlaps ::1 and fc00::/64",
        "fc00::a - fc00::b overlaps ::1 and fc00::/64",
    ),
    ("::ffff:192.0.2.1 ::abcd ::", "::ffff:192.0.2.1 ::abcd ::"),
    ("a #1 ## b", "a #1 ## b"),
]


@pytest.mark.parametrize(("text", "expected"), TEXTS)
def test_a_line(text: str, expected: str) -> None:
    assert line(text) == expected


def old_pool(**fields: object) -> str:
    inner = ", ".join(f"{name}: {value}" for name, value in fields.items())
    return within(f"address-pools: [{{{inner}}}]")


@pytest.mark.parametrize(
    "make", [lambda bad: old_pool(name=bad, protocol="layer2"), lambda bad: old_pool(**{bad: 1})]
)
def test_migrate_prints_escapes(make: Callable[[str], str]) -> None:
    text = make('"x\\u202ey\\n\\u009bz\\e[2J"').replace("1}", "1, protocol: layer2}")
    result = run("migrate", "-f", "-", stdin=text)
    assert result.exit_code == 0
    assert all(c == "\n" or c.isprintable() for c in result.stdout)
