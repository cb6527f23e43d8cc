"""What ends the webhooks because no waiting heals it."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from metallb_webhooks.cli import main
from support.api import write_kubeconfig


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody else listens on."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield int(listening.getsockname()[1])


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([], 2, "the namespace is empty; pass --namespace"),
        (["--no-such"], 2, "No such option: --no-such"),
        (["--namespace", "ns", "--port", "70000"], 2, "there is no TCP port 70000"),
        (["--namespace", "ns", "--bgp-backend", "bird"], 2, "'bird' is not one of"),
        (["--namespace", "ns", "--kubeconfig", "/nowhere"], 3, "cannot read /nowhere"),
        (
            [
                "--namespace",
                "ns",
                "--kubeconfig",
                "{it}",
                "--host",
                "127.0.0.1",
                "--port",
                "{port}",
            ],
            4,
            "cannot listen on TCP port {port}: Address already in use; choose another by --port",
        ),
        (
            ["--namespace", "ns", "--kubeconfig", "{it}", "--tls-dir", "/nowhere"],
            6,
            "no certificate can be had from --tls-dir /nowhere",
        ),
    ],
)
def test_a_code_and_a_sentence(  # noqa: PLR0917 - fixtures
    arguments: list[str],
    code: int,
    message: str,
    taken: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    for variable in ("POD_NAMESPACE", "POD_IP", "METALLB_BGP_TYPE"):
        monkeypatch.delenv(variable, raising=False)
    kubeconfig = write_kubeconfig(tmp_path / "kubeconfig", "http://127.0.0.1:1")
    termination = tmp_path / "termination-log"
    termination.touch()
    with pytest.raises(SystemExit) as ended:
        main(
            [one.format(it=kubeconfig, port=taken) for one in arguments],
            {"TERMINATION_LOG": str(termination)},
        )
    assert ended.value.code == code
    sentence = termination.read_text()
    assert sentence.startswith("metallb-webhooks: ")
    assert message.format(port=taken) in sentence
    said = capfd.readouterr().err
    assert sentence in said
    assert "Traceback" not in said
