"""How the end-to-end tests are spread over clusters."""

from datetime import UTC, datetime

import pytest

from observe.sharding import SHARDS, TESTS, exit_code, joined
from support.runs import RUN


def test_every_file_of_tests_is_in_one_shard() -> None:
    files = sorted(path.name for path in TESTS.glob("test_*.py"))
    folders = sorted(path.parent.name for path in TESTS.glob("*/test_*.py"))
    sharded = sorted(file for shard in SHARDS.values() for file in shard)
    assert sharded == sorted([*files, *set(folders)])


@pytest.mark.parametrize(
    ("codes", "code"),
    [
        ((0, 0), 0),
        ((0, 1), 1),
        ((0, 5), 0),  # nothing fits -k there
        ((5, 5), 5),
        ((0, 2), 2),
        ((0, -9), 9),  # killed
    ],
)
def test_one_shard_that_fails_fails_them_all(codes: tuple[int, ...], code: int) -> None:
    assert exit_code(codes) == code


def test_scenarios_of_all_shards_make_one_report() -> None:
    found = joined([RUN, RUN], datetime(2026, 1, 2, 3, 4, tzinfo=UTC), 60)
    assert found.scenarios == (*RUN.scenarios, *RUN.scenarios)
    assert (found.date, found.seconds) == ("02 Jan 2026, 03:04 UTC", 60)
