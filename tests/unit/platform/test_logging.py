"""Logs carry ids, and never a secret or the content of a message."""

from __future__ import annotations

import json
import logging
import re

import pytest
import structlog

from corridor.logging import configure
from corridor.settings.model import Log


@pytest.fixture(autouse=True)
def untouched() -> object:
    """Leave the logging of the other tests as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:], root.level = handlers, level


def test_json_with_ids_and_nothing_secret(capsys: pytest.CaptureFixture[str]) -> None:
    """A line is one JSON object with role, level, time and ids; secrets and content are left out."""
    configure(Log(format="json"), "gateway")
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
    configure(Log(format=form), "gateway")  # type: ignore[arg-type]
    structlog.get_logger("test").info("webhook refused", id="a\x9b2J\x1b]0;x\x07\u202eb\nlevel=info")
    logging.getLogger("library").warning("got %s", "\x1b[2J")
    text = capsys.readouterr().err.replace("\x1b[0m", "")
    lines = re.sub("\x1b\\[[0-9;]*m", "", text).splitlines()
    assert len(lines) == 2
    assert all(line.isprintable() for line in lines)


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_defect_is_traced_without_what_it_met(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A traceback has files, lines and types of the whole chain, but no text of exceptions and no locals."""
    configure(Log(format=form), "stream")  # type: ignore[arg-type]
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
    configure(Log(format="json"), "stream")
    logging.getLogger("aiokafka").info("chatter")
    logging.getLogger("aiokafka").warning("a broker is away")
    line = json.loads(capsys.readouterr().err)
    assert line["event"] == "a broker is away"
    assert line["logger"] == "aiokafka"


def test_a_library_that_repeats_itself_is_heard_once_in_a_while(capsys: pytest.CaptureFixture[str]) -> None:
    """While Kafka is away one line stands for hundreds; our own lines and other messages all pass."""
    configure(Log(format="json"), "stream")
    client, clock = logging.getLogger("aiokafka.conn"), 1_000.0
    for number in range(250):
        record = client.makeRecord(client.name, logging.ERROR, "f", 1, "node %s is away", (number,), None)
        record.created = clock + number * 0.05
        client.handle(record)
    client.error("another message")
    for _ in range(3):
        structlog.get_logger("streams.lane").warning("batch runs again")
    events = [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()]
    assert events == [
        "node 0 is away",
        "node 200 is away (and 199 more like it)",
        "another message",
        *["batch runs again"] * 3,
    ]


def test_readable_on_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """The console form is text for people, with the ids."""
    configure(Log(format="console"), "stream")
    structlog.get_logger("test").warning("batch runs again", partition=3)
    text = capsys.readouterr().err
    assert "batch runs again" in text
    assert "partition" in text
    assert not text.startswith("{")
