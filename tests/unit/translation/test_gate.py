"""The gate: what no rule takes is known before an event is decoded whole."""

import pytest

from schemas import profiles
from schemas.codes.lists import CodeLists
from schemas.mapping.compile import CompiledMapping, load
from schemas.translation import Context, Record, Result, Translator
from schemas.translation.store import Store
from tests.support.journeys import told


def mapping(profile: str) -> CompiledMapping:
    """How a participant is told of corridor events."""
    text = profiles.load(profile).mappings["from_corridor"]
    return load(text, f"{profile}.yaml", lambda name: profiles.load(name).schema, CodeLists.load())


def translated(translator: Translator) -> tuple[list[Result], dict[bytes, bytes | None]]:
    """Results and state of all events of a journey, each event told twice."""
    store, results = Store(), []
    batch = store.begin()
    for index, (output, origin, accepted) in enumerate(one for one in told() for _ in range(2)):
        batch.advance(accepted)
        context = Context(output.id, origin, "them", index, accepted, output.hops)
        results.append(translator.translate(Record(output.key, output.body, context), batch.get))
        batch.apply(results[-1].changes)
    return results, batch.changes


@pytest.mark.parametrize("profile", ["dlp.event.v1", "port.event.v1", "vessel.event.v1", "oil.lot.v1"])
def test_a_gate_changes_nothing_but_what_is_decoded(profile: str) -> None:
    """Outputs, reports and state are those of a translator that decodes every event whole."""
    compiled = mapping(profile)
    gated, state = translated(Translator(compiled))
    whole, same = translated(Translator(compiled, trusted=False))
    for one, other in zip(gated, whole, strict=True):
        names = [name for name in Result.__slots__ if name != "record"]
        assert [getattr(one, name) for name in names] == [getattr(other, name) for name in names]
    assert state == same


def test_a_gate_reads_conditions_and_state_only() -> None:
    """Of a corridor event the DLP's needs its code, identity and version; its units are left to the rule."""
    assert mapping("dlp.event.v1").gate == {
        ("envelope", "event_id"),
        ("envelope", "derived_from"),
        ("envelope", "untold"),
        ("correction", "version"),
        ("correction", "retracted"),
        ("why", "code"),
        ("consignment_id",),
        ("subject", "type"),
    }


def test_a_rule_without_condition_has_no_gate() -> None:
    """Where every message gives something, all of it is decoded at once."""
    assert mapping("dtc.note.v1").gate == frozenset()
