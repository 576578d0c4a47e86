"""Deliberate defects that are planted into one test each, and that this test must notice.

As a pytest plugin (``-p tests.support.defects``) it plants each defect while its test runs, and writes into
the file named by ``CORRIDOR_DEFECTS`` how that test ended. The product knows nothing of these; what needs a
whole broker to be noticed has a switch in ``schemas/broken.py``.
"""

from __future__ import annotations

import importlib
import json
import os
import uuid
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

REPORT: Final = "CORRIDOR_DEFECTS"
"""Environment variable that names the file of the report."""


class Defect(NamedTuple):
    """One defect.

    Attributes:
        guarantee: the promise that it breaks.
        place: what is replaced, as ``module:name.of.it``.
        instead: what stands there with the defect.
        test: the node id of the test that must fail, without parameters.
    """

    guarantee: str
    place: str
    instead: Callable[..., Any]
    test: str


def nothing(*_: object, **__: object) -> None:
    """Do nothing."""


def yes(*_: object, **__: object) -> bool:
    """Allow it."""
    return True


def no(*_: object, **__: object) -> bool:
    """Deny it."""
    return False


def _own_name(app: str, name: str) -> str:
    return f"{app}.{name}.{uuid.uuid4()}"


async def _careless(log: Any, decide: Callable[[Any], Any], *, here: bool) -> Any:  # noqa: ANN401, ARG001
    if log._writer is None:
        await log._take_over()
    change = decide(log.state)
    if log._writer is not None:
        await log._commit(log._writer, change)
    return change


_STREAMS, _CONNECTORS = "tests/unit/streams", "tests/unit/connectors"
DEFECTS: Final[dict[str, Defect]] = {
    "fence-left-out": Defect(
        "A partition has one writer: a new owner fences the old one.",
        "streams.kafka.transactions:transactional_id",
        _own_name,
        f"{_STREAMS}/test_fence.py::test_owners_of_a_partition_have_one_transactional_id",
    ),
    "finished-forgotten": Defect(
        "What another owner has delivered is not delivered again, and no offset moves back.",
        "streams.partition.progress:Progress.learn",
        nothing,
        f"{_STREAMS}/test_progress.py::test_what_another_owner_finished_stays_finished",
    ),
    "retraction-needs-a-number": Defect(
        "A retraction takes effect whatever its version.",
        "schemas.translation.latest:Seen._rank",
        property(lambda seen: (seen.version, seen.updated, seen.digest)),  # type: ignore[arg-type]
        "tests/unit/translation/test_latest.py::test_a_retraction_needs_no_higher_version",
    ),
    "loss-not-named": Defect(
        "What a target cannot carry is named.",
        "schemas.mapping.report:MessageReport.loss",
        nothing,
        "tests/unit/mapping/test_logical.py::test_decimal_places_that_the_target_has_not_are_rounded_with_a_loss",
    ),
    "personal-told": Defect(
        "No report tells personal data.",
        "schemas.mapping.report:MessageReport.is_personal",
        no,
        "tests/unit/mapping/test_report.py::test_a_report_tells_no_personal_data",
    ),
    "echo": Defect(
        "Nothing goes back to where it came from.",
        "streams.processing.step:Step._stop_echoes",
        nothing,
        f"{_STREAMS}/test_hops.py::test_what_has_passed_a_participant_does_not_go_back",
    ),
    "order-not-kept": Defect(
        "Under the policy `wait` nothing passes a dead letter of its subject.",
        "streams.partition.waiting:Queue.admit",
        nothing,
        f"{_STREAMS}/test_waiting.py::test_messages_wait_behind_a_dead_letter_until_it_is_replayed",
    ),
    "record-not-sized": Defect(
        "No record is larger than its topic takes: it would stop a partition.",
        "streams.kafka.sizes:Sizes.check",
        nothing,
        f"{_STREAMS}/test_sizes.py::test_a_record_is_held_against_its_topics_own_limit",
    ),
    "unwritten-acknowledged": Defect(
        "A change of a ledger that was not written is not acknowledged.",
        "streams.logs.shared_log:SharedLog._write",
        _careless,
        f"{_STREAMS}/test_doubt.py::test_a_change_that_was_not_written_is_not_acknowledged",
    ),
    "unreadable-log-used": Defect(
        "Nothing is decided on a log with a record that cannot be read.",
        "streams.logs.shared_log:SharedLog._require_read",
        nothing,
        f"{_STREAMS}/test_unreadable.py::test_nothing_is_decided_on_what_is_left_of_a_log",
    ),
    "other-version-as-own": Defect(
        "Records of another compatible version are read as what they are.",
        "schemas.avro.resolve:_is_same",
        yes,
        "tests/unit/avro/test_resolve.py::test_every_schema_of_ours_reads_its_own_growth",
    ),
    "signature-unchecked": Defect(
        "Only who has the secret gets in.",
        "connectors.auth.webhook:Verifier.verify",
        nothing,
        f"{_CONNECTORS}/test_webhook_signatures.py::test_removed_secret_is_refused",
    ),
    "host-unchecked": Defect(
        "A page of another site cannot speak to a listener by a name of its own.",
        "connectors.http.doorman:Doorman._takes",
        yes,
        f"{_CONNECTORS}/test_doorman.py::test_other_names_must_be_told",
    ),
    "egress-unchecked": Defect(
        "No partner leads a connection into our network.",
        "connectors.http.egress:Guard.allows",
        yes,
        f"{_CONNECTORS}/test_egress.py::test_name_that_resolves_inside",
    ),
}
"""Name to defect. Each has a test of its own."""
_BY_TEST: Final = {defect.test: name for name, defect in DEFECTS.items()}
_ended: dict[str, list[str]] = {}


def planted(defect: Defect, patch: pytest.MonkeyPatch) -> None:
    """Plant a defect."""
    module, _, path = defect.place.partition(":")
    *holders, name = path.split(".")
    holder = importlib.import_module(module)
    for one in holders:
        holder = getattr(holder, one)
    patch.setattr(holder, name, defect.instead)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Run a test with its defect, and note how it ended."""
    name = _BY_TEST.get(item.nodeid.partition("[")[0])
    if name is None:
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        planted(DEFECTS[name], patch)
        try:
            yield
        except BaseException as error:
            _ended.setdefault(name, []).append(type(error).__name__)
            raise
        _ended.setdefault(name, []).append("")


def pytest_sessionfinish() -> None:
    """Write the report."""
    Path(os.environ[REPORT]).write_text(json.dumps(_ended))
