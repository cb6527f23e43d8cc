import pytest

from observe.inside.wirewatcher import Asker, checksum, claim, question

MAC = "02:00:00:00:00:01"
ASKER = Asker(
    bytes.fromhex(MAC.replace(":", "")),
    bytes([192, 0, 2, 7]),
    bytes.fromhex("fe80000000000000000000000000000a"),
)


def test_arp_question() -> None:
    frame = question("192.0.2.100", ASKER)
    assert frame.hex() == (
        "ffffffffffff" "020000000001" "0806"
        "0001" "0800" "06" "04" "0001"
        "020000000001" "c0000207" "000000000000" "c0000264"
    )  # fmt: skip
    assert claim(frame) is None


def test_ndp_question() -> None:
    frame = question("2001:db8::12:3456", ASKER)
    assert frame[:6].hex() == "3333ff123456"
    assert frame[38:54].hex() == "ff0200000000000000000001ff123456"
    pseudo = frame[22:54] + bytes([0, 0, 0, 32, 0, 0, 0, 58])
    assert checksum(pseudo + frame[54:]) == 0
    assert claim(frame) is None


def arp(operation: int, sender: int, wanted: int, to: str = "020000000007") -> bytes:
    return bytes.fromhex(
        f"{to} 020000000001 0806 0001 0800 06 04 {operation:04x}"
        f"020000000001 c00002{sender:02x} 000000000000 c00002{wanted:02x}"
    )


def advertisement(to: str, option: str) -> bytes:
    head = f"{to} 020000000009 86dd 60000000 0020 3a ff" + "00" * 32
    return bytes.fromhex(head + "88 00 0000 60000000 20010db8000000000000000000000064" + option)


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (arp(2, 100, 7), ("192.0.2.100", MAC, False)),
        (arp(2, 100, 100, "ffffffffffff"), ("192.0.2.100", MAC, True)),
        (arp(1, 100, 100, "ffffffffffff"), ("192.0.2.100", MAC, True)),
        (arp(1, 7, 100, "ffffffffffff"), None),
        (advertisement("020000000007", "0201020000000001"), ("2001:db8::64", MAC, False)),
        (advertisement("333300000001", "0201020000000001"), ("2001:db8::64", MAC, True)),
        (advertisement("020000000007", ""), ("2001:db8::64", "02:00:00:00:00:09", False)),
        (advertisement("020000000007", "")[:60], None),
    ],
)
def test_claims(frame: bytes, expected: tuple[str, str, bool] | None) -> None:
    assert claim(frame) == expected
