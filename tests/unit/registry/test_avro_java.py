import json

import pytest

from schemas.registry.compatibility import LEVELS, Earlier, check, unreadable
from schemas.registry.reading import parse
from schemas.registry.reasons import AMBIGUOUS
from tests.support.avro_evolution import RULES
from tests.support.avro_java.record import GOLDEN, digest
from tests.support.avro_pairs import PAIRS, Maker

ANSWERS = " ".join(GOLDEN.read_text().splitlines()[1:]).split()


def ours(reader: str, writer: str) -> str:
    """Give our verdict and reasons in the form in which Avro Java's are recorded."""
    found = unreadable(parse(reader).root, parse(writer).root)
    if found and found[0].kind == AMBIGUOUS:
        return "!"
    return digest([[r.kind, r.path, r.detail] for r in found])


@pytest.mark.parametrize("number", range(len(RULES)), ids=[name for name, _, _ in RULES])
def test_every_evolution_rule_has_the_verdict_of_avro_java(number: int) -> None:
    """Verdict, places and details equal Avro Java's, and all seven modes follow from them."""
    _, old, new = RULES[number]
    backward, forward = ANSWERS[2 * number : 2 * number + 2]
    assert ours(new, old) == backward
    assert ours(old, new) == forward
    earlier = [Earlier(1, old, parse(old).root)]
    verdicts = {level: check(parse(new).root, earlier, level).compatible for level in LEVELS}
    reads, is_read = backward == "-", forward == "-"
    assert verdicts == {
        "NONE": True,
        "BACKWARD": reads,
        "BACKWARD_TRANSITIVE": reads,
        "FORWARD": is_read,
        "FORWARD_TRANSITIVE": is_read,
        "FULL": reads and is_read,
        "FULL_TRANSITIVE": reads and is_read,
    }


def test_random_pairs_have_the_verdict_of_avro_java() -> None:
    """10,000 random pairs: verdict, places and details equal Avro Java's."""
    recorded = ANSWERS[2 * len(RULES) :]
    assert len(recorded) == PAIRS
    assert 0.3 < recorded.count("-") / PAIRS < 0.7, "the pairs must not all be alike"
    wrong = [n for n in range(PAIRS) if ours(*Maker(n).pair()) != recorded[n]]
    assert not wrong, json.dumps(Maker(wrong[0]).pair())


@pytest.mark.parametrize("direction", ["BACKWARD", "FORWARD", "FULL"])
def test_transitive_modes_look_at_every_version(direction: str) -> None:
    """The plain modes look at the last version only, the transitive ones at all, the newest first."""
    kinds = ("int", "string", "int")
    texts = [json.dumps({"type": "record", "name": "R", "fields": [{"name": "a", "type": k}]}) for k in kinds]
    versions = [Earlier(n, text, parse(text).root) for n, text in enumerate(texts, 1)]
    new = parse(texts[0]).root
    assert check(new, versions, direction).compatible
    verdict = check(new, versions, f"{direction}_TRANSITIVE")
    assert verdict.against is not None
    assert verdict.against.version == 2
