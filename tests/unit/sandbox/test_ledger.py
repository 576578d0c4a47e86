"""The ledger: on disk before anything goes on, whole after a crash."""

import asyncio
from pathlib import Path

from corridor.sandbox.ledger import FILE, Answered, GotEntry, SandboxLedger, SentEntry, read
from corridor.sandbox.progress import TimetableProgress


def sent(n: int, attempt: int = 1) -> SentEntry:
    """A line of sending."""
    return SentEntry(n, f"m{n}", "TRAIN:1", "00" * 32, attempt)


async def test_what_is_appended_is_read_back_in_order(tmp_path: Path) -> None:
    """Every entry is on disk when append returns, in the order of the calls."""
    ledger = SandboxLedger(tmp_path)
    entries = [
        sent(0),
        Answered([0], 202),
        GotEntry("k", "ab", "TRAIN:1", "e", 3, 1, 200, effect=True, lost=True),
    ]
    for count, entry in enumerate(entries, 1):
        await ledger.append(entry)
        assert list(read(tmp_path / FILE)) == entries[:count]
    await ledger.close()


async def test_many_writers_share_the_disk_and_keep_their_order(tmp_path: Path) -> None:
    """Concurrent appends all come to disk, each writer's in its order."""
    ledger = SandboxLedger(tmp_path)

    async def write(writer: int) -> None:
        for n in range(20):
            await ledger.append(sent(writer * 100 + n))

    await asyncio.gather(*(write(writer) for writer in range(10)))
    await ledger.close()
    ns = [entry.n for entry in read(tmp_path / FILE) if isinstance(entry, SentEntry)]
    assert len(ns) == 200
    for writer in range(10):
        own = [n for n in ns if n // 100 == writer]
        assert own == sorted(own)


async def test_a_torn_line_is_dropped_and_the_file_goes_on(tmp_path: Path) -> None:
    """What a crash cut short never counts, and what comes after it can be read."""
    ledger = SandboxLedger(tmp_path)
    await ledger.append(sent(0), sent(1))
    await ledger.close()
    path = tmp_path / FILE
    path.write_bytes(path.read_bytes()[:-5])
    assert list(read(path)) == [sent(0)]
    ledger = SandboxLedger(tmp_path)
    await ledger.append(sent(7))
    await ledger.close()
    assert list(read(path)) == [sent(0), sent(7)]


async def test_a_full_disk_fails_the_append(tmp_path: Path) -> None:
    """Nobody is told that a line is safe when it is not."""
    ledger = SandboxLedger(tmp_path)

    def refuse(_: bytes) -> None:
        raise OSError(28, "No space left on device")

    ledger._store = refuse  # type: ignore[method-assign]
    outcomes = await asyncio.gather(ledger.append(sent(0)), ledger.append(sent(1)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [OSError, OSError]
    await ledger.close()


def test_progress_follows_the_ledger() -> None:
    """Accepted and refused messages are settled, unanswered and failed ones are not."""
    entries = [sent(0), sent(1), sent(2), sent(3), sent(4)]
    answers = [Answered([0, 2], 202), Answered([1], 503), Answered([3], 422), Answered([4], 0)]
    progress = TimetableProgress([*entries, *answers])
    assert [progress.settled(n) for n in range(6)] == [True, False, True, True, False, False]
    assert (progress.sent, progress.accepted, progress.refused, progress.low) == (5, 2, 1, 1)
    progress.answer(Answered([1], 202))
    assert progress.low == 4
    progress.answer(Answered([0, 1], 202))
    assert progress.accepted == 3
