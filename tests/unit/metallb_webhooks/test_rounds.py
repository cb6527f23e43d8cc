import asyncio

from metallb_kube.errors import KubeError, UnavailableError
from metallb_webhooks.rounds import Rounds


class Work:
    """Counts its runs; each waits until it is let go."""

    def __init__(self, error: KubeError | None = None) -> None:
        self.begun = 0
        self.first = asyncio.Event()
        self.gate = asyncio.Semaphore(0)
        self.error = error

    async def __call__(self) -> None:
        self.begun += 1
        self.first.set()
        await self.gate.acquire()
        if self.error:
            raise self.error


async def test_whoever_joins_before_the_beginning_shares_a_round() -> None:
    work = Work()
    rounds = Rounds(work, 5.0)
    joined = [asyncio.create_task(rounds.join()) for _ in range(10)]
    work.gate.release()
    assert await asyncio.gather(*joined) == [True] * 10
    assert work.begun == 1


async def test_whoever_joins_after_the_beginning_waits_for_the_next_round() -> None:
    work = Work()
    rounds = Rounds(work, 5.0)
    first = asyncio.create_task(rounds.join())
    await work.first.wait()
    later = [asyncio.create_task(rounds.join()) for _ in range(10)]
    work.gate.release()
    assert await first
    assert not any(task.done() for task in later)
    work.gate.release()
    assert all(await asyncio.gather(*later))
    assert work.begun == 2


async def test_a_failure_is_told_and_does_not_last() -> None:
    work = Work(UnavailableError("gone"))
    rounds = Rounds(work, 5.0)
    for _ in range(2):
        work.gate.release()
        assert not await rounds.join()
    work.error = None
    work.gate.release()
    assert await rounds.join()


async def test_what_takes_too_long_is_given_up() -> None:
    rounds = Rounds(Work(), 0.01)
    assert not await rounds.join()


async def test_one_that_is_cancelled_does_not_cancel_the_others() -> None:
    work = Work()
    rounds = Rounds(work, 5.0)
    first, second = (asyncio.create_task(rounds.join()) for _ in range(2))
    await work.first.wait()
    first.cancel()
    work.gate.release()
    assert await second
