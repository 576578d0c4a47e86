"""Logs carry ids, and never a secret or the content of a message."""

from __future__ import annotations

import json
import logging
import re
import sys
import threading

import pytest
import structlog
from aiokafka.errors import ProducerClosed

from corridor.logging import configure
from corridor.repeats import Repeats
from corridor.settings.model import LogSettings
from schemas.records import DeadLetter
from streams.records import letters
from streams.records.letters import announce


@pytest.fixture(autouse=True)
def untouched(monkeypatch: pytest.MonkeyPatch) -> object:
    """Leave the logging of the other tests as it was, and have none of theirs."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    monkeypatch.setattr(logging.getLogger("asyncio"), "filters", [])
    monkeypatch.setattr(
        letters, "log", structlog.get_logger("streams.records.letters")
    )  # it keeps its first form
    yield
    structlog.reset_defaults()
    root.handlers[:], root.level = handlers, level


def test_json_with_ids_and_nothing_secret(capsys: pytest.CaptureFixture[str]) -> None:
    """A line is one JSON object with role, level, time and ids; secrets and content are left out."""
    configure(LogSettings(format="json"), "gateway")
    structlog.get_logger("test").info(
        "accepted",
        id="m-1",
        origin="dtc/m-1",
        body=b"{note}",
        client_secret="hunter2",
        authorization="Bearer x",
    )
    text = capsys.readouterr().err
    line = json.loads(text)
    assert line["event"] == "accepted"
    assert (line["role"], line["level"], line["id"], line["origin"]) == ("gateway", "info", "m-1", "dtc/m-1")
    assert line["timestamp"].endswith("Z")
    assert "hunter2" not in text
    assert "Bearer x" not in text
    assert "note" not in text


@pytest.mark.parametrize("form", ["json", "console"])
def test_an_id_of_a_stranger_is_no_command_to_a_terminal(
    form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a sender put into a header is one line that a terminal only shows."""
    configure(LogSettings(format=form), "gateway")  # type: ignore[arg-type]
    structlog.get_logger("test").info("webhook refused", id="a\x9b2J\x1b]0;x\x07\u202eb\nlevel=info")
    logging.getLogger("library").warning("got %s", "\x1b[2J")
    text = capsys.readouterr().err.replace("\x1b[0m", "")
    lines = re.sub("\x1b\\[[0-9;]*m", "", text).splitlines()
    assert len(lines) == 2
    assert all(line.isprintable() for line in lines)


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_defect_is_traced_without_what_it_met(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A traceback has files, lines and types of the whole chain, but no text of exceptions and no locals."""
    configure(LogSettings(format=form), "stream")  # type: ignore[arg-type]
    payload = {"remark": "canary"}
    try:
        try:
            int(payload["remark"])
        except ValueError as error:
            raise RuntimeError(f"cannot use {payload}") from error
    except RuntimeError:
        structlog.get_logger("test").exception("translation failed", id="m-1")
        logging.getLogger("library").exception("failed")
    text = capsys.readouterr().err
    assert "canary" not in text
    assert text.count("ValueError") == 2, "of both lines, the cause is named too"
    assert "test_logging.py" in text
    assert "int(payload[" in text
    assert "m-1" in text


def test_libraries_log_in_the_same_form_from_warnings_on(capsys: pytest.CaptureFixture[str]) -> None:
    """What a library logs through the standard library is a line of the same form; chatter is left out."""
    configure(LogSettings(format="json"), "stream")
    logging.getLogger("aiokafka").info("chatter")
    logging.getLogger("aiokafka").warning("a broker is away")
    line = json.loads(capsys.readouterr().err)
    assert line["event"] == "a broker is away"
    assert line["logger"] == "aiokafka"


def test_a_library_that_repeats_itself_is_heard_once_in_a_while(capsys: pytest.CaptureFixture[str]) -> None:
    """While Kafka is away one line every ten seconds stands for hundreds; another message passes."""
    now = 0.0
    repeats = configure(LogSettings(format="json"), "stream", Repeats(("aiokafka",), clock=lambda: now))
    client = logging.getLogger("aiokafka.conn")
    for number in range(250):
        now = number * 0.05
        client.error("node %s is away", number)
    client.error("another message")
    repeats.flush(everything=True)
    events = [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()]
    assert events == [
        "node 0 is away",
        "node 199 is away (and 198 more like it)",
        "another message",
        "node 249 is away (and 49 more like it)",
    ]


def test_dead_letters_are_bundled_by_stage_and_code(capsys: pytest.CaptureFixture[str]) -> None:
    """20,000 in 25 s: the first of each kind in full, then a line every ten seconds; all are counted."""
    now = 0.0
    repeats = configure(LogSettings(format="json"), "stream", Repeats((), clock=lambda: now))
    for number in range(20_000):
        now = number * 25 / 20_000
        announce(letter(number, "json-malformed" if number % 4 else "schema-violation"))
    now = 40.0
    repeats.flush()
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    for code, all_ in (("json-malformed", 15_000), ("schema-violation", 5_000)):
        said = [line for line in lines if line["code"] == code]
        assert len(said) == 1 + 3, "at 0 s, 10 s, 20 s, and when it was over"
        assert said[0]["letter"] == ("letter-1" if code == "json-malformed" else "letter-0")
        assert "more" not in said[0]
        assert sum(1 + line.get("more", 0) for line in said) == all_
        assert said[-1]["offset"] == (19_999 if code == "json-malformed" else 19_996)


def test_after_a_quiet_interval_the_next_one_is_told_in_full(capsys: pytest.CaptureFixture[str]) -> None:
    """One now and one in a minute are two lines at once, each whole."""
    now = 0.0
    configure(LogSettings(format="json"), "stream", Repeats((), clock=lambda: now))
    announce(letter(1, "json-malformed"))
    now = 60.0
    announce(letter(2, "json-malformed"))
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["letter"] for line in lines] == ["letter-1", "letter-2"]


def test_changes_of_state_are_never_bundled(capsys: pytest.CaptureFixture[str]) -> None:
    """That a role waits, is ready and waits again within a second is told three times."""
    configure(LogSettings(format="json"), "stream", Repeats((), clock=lambda: 0.0))
    for _ in range(3):
        structlog.get_logger("health").warning("waiting", of="stream", waiting=["kafka"])
    assert len(capsys.readouterr().err.splitlines()) == 3


@pytest.mark.parametrize(
    ("logger", "words", "error"),
    [
        ("asyncio", "Future exception was never retrieved\nfuture: <Future at 0x7f>", ProducerClosed()),
        ("asyncio", "Exception in callback MessageAccumulator._pop_batch.<locals>.cb()", KeyError("tp")),
        ("asyncio", "Unclosed AIOKafkaProducer\nproducer: <0x7f>", None),
        ("asyncio", "Task was destroyed but it is pending!\ntask: <coro=aiokafka.Sender>", None),
        ("aiokafka.producer.sender", "Unexpected error in sender routine", KeyError("tp")),
    ],
)
def test_known_complaints_of_the_client_are_one_short_line(
    logger: str, words: str, error: Exception | None, capsys: pytest.CaptureFixture[str]
) -> None:
    """A thousand of them with tracebacks come to two lines without, of the level info."""
    repeats = configure(LogSettings(format="json"), "stream")
    for number in range(1000):
        logging.getLogger(logger).error(words.replace("0x7f", hex(number)), exc_info=error)
    repeats.flush(everything=True)
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert len(lines) == 2
    assert all("known, and done again" in line["event"] for line in lines)
    assert all("exception" not in line and line["level"] == "info" for line in lines)
    assert "(and 998 more like it)" in lines[1]["event"]


def test_unknown_complaints_keep_their_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    """A future with an error of ours is a defect, and is told as one."""
    configure(LogSettings(format="json"), "stream")
    logging.getLogger("asyncio").error("Future exception was never retrieved", exc_info=ValueError("ours"))
    line = json.loads(capsys.readouterr().err)
    assert line["level"] == "error"
    assert "ValueError" in line["exception"]


def letter(number: int, code: str) -> DeadLetter:
    """A dead letter of a flood."""
    return DeadLetter(
        id=f"letter-{number}", participant="dtc", stage="to-corridor.dtc", code=code, detail="",
        topic="in.dtc", partition=0, offset=number, body=b"", headers={}, origin=f"dtc/{number}", accepted=0,
    )  # fmt: skip


def test_readable_on_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """The console form is text for people, with the ids."""
    configure(LogSettings(format="console"), "stream")
    structlog.get_logger("test").warning("batch runs again", partition=3)
    text = capsys.readouterr().err
    assert "batch runs again" in text
    assert "partition" in text
    assert not text.startswith("{")


QUOTED = "hunter2"


class Careless:
    """Raises when it goes, which Python tells by a hook of its own."""

    def __del__(self) -> None:
        raise ValueError(QUOTED)


def test_what_ends_a_thread_is_a_line_of_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    """An error that nobody catches is JSON too, with its way and without its text, which could quote."""

    def fail() -> None:
        raise ValueError(QUOTED)

    configure(LogSettings(format="json"), "stream")
    thread = threading.Thread(target=fail, name="reader")
    thread.start()
    thread.join()
    Careless()
    text = capsys.readouterr().err
    ended, careless = map(json.loads, text.splitlines())
    assert (ended["thread"], ended["level"]) == ("reader", "error")
    assert ended["exception"].endswith("ValueError")
    assert "in fail" in ended["exception"]
    assert (careless["level"], careless["exception"][-10:]) == ("warning", "ValueError")
    assert QUOTED not in text
