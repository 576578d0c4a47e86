"""What each profile can say to the corridor, and what it can be told: found by letting its mappings run.

Every event of the code list that a profile takes its events from is set into each of its examples; what
becomes of them is told to every profile. So a mapping, a list or an example that changes, changes the answer.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain, permutations
from typing import Any, Final, NamedTuple

from corridor.roles.contracts import codec, json_form
from schemas import profiles
from schemas.codes.lists import CodeLists
from schemas.errors import CorridorError
from schemas.mapping.compile import load
from schemas.profiles import Words
from schemas.translation import Context, Record, Translator
from schemas.translation.store import Store

ACCEPTED: Final = 1_800_000_000_000
"""When all messages count as taken in: after everything that examples tell of."""


NO_WORDS: Final = Words("corridor-codes", {})
"""Of a profile that does not say where it names what happened."""


class Heard(NamedTuple):
    """A corridor event as one of its kind: which code, in the sender's own word, and the record."""

    code: str
    word: str
    datum: dict[str, Any]


@cache
def sent(profile: str) -> dict[str, tuple[str, ...]]:
    """Codes of corridor events that come of a profile's messages, with the words it uses for each."""
    return _by_code((heard.code, heard.word) for heard in _told(profile))


@cache
def got(profile: str) -> dict[str, tuple[str, ...]]:
    """Codes of corridor events of which others tell this profile, with the words it gets for each."""
    translator = _translator(profile, "from_corridor")
    if translator is None:
        return {}
    return _by_code(
        (heard.code, word) for each in profiles.names() for heard in _told(each) for word in _words_of(
            profile, translator, codec(profiles.CANONICAL).encode(heard.datum)
        )
    )  # fmt: skip


@cache
def _told(profile: str) -> tuple[Heard, ...]:
    """Corridor events of a profile, one of each kind."""
    translator = _translator(profile, "to_corridor")
    if translator is None:
        return ()
    kinds: dict[tuple[object, ...], Heard] = {}
    examples = list(profiles.load(profile).examples.values())
    alone = ((message,) for message in _variants(profile, examples))
    for messages in chain(alone, permutations(examples, 2)):  # a crossing is told by two messages
        store = Store()
        for message in messages:
            for datum in _translated(translator, profile, message, store):
                heard = Heard(datum["why"]["code"] or "", _word(profile, message), datum)
                # a late message puts right what another one told: that is not its own word
                again = len(messages) > 1 and datum["correction"]["version"] > 1
                if heard.code and not again and not datum["correction"]["retracted"]:
                    kinds.setdefault(_kind(heard), heard)
    return tuple(kinds.values())


def _variants(profile: str, examples: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Every example with every event that the profile has a word for; without words as they are."""
    words = _words(profile)
    rows = [row for _, row in CodeLists.load().rows(words.codes)]
    for example in examples:
        for row in rows:
            message = copy.deepcopy(example)
            for field, column in words.fields.items():
                message.pop(field, None)
                if row[column] is not None:
                    message[field] = row[column]
            yield message


def _translated(
    translator: Translator, profile: str, message: dict[str, Any], store: Store
) -> Iterator[dict[str, Any]]:
    try:
        body = json_form(profile).to_avro(json.dumps(message).encode())
        outputs = _run(translator, body, "sender", store)
    except CorridorError:  # not every event goes with every example
        return
    for output in outputs:
        yield codec(profiles.CANONICAL).decode(output)


def _words_of(profile: str, translator: Translator, body: bytes) -> Iterator[str]:
    try:
        outputs = _run(translator, body, "receiver", Store())
    except CorridorError:
        return
    for output in outputs:
        yield _word(profile, json.loads(json_form(profile).from_datum(codec(profile).decode(output))))


def _run(translator: Translator, body: bytes, participant: str, store: Store) -> list[bytes]:
    batch = store.begin()
    context = Context("id", "sender/id", participant, 0, ACCEPTED, ("sender",))
    result = translator.translate(Record(b"", body, context), batch.get)
    batch.apply(result.changes)
    batch.commit()
    return [output.body for output in result.outputs]


def _word(profile: str, message: dict[str, Any]) -> str:
    """What happened in a profile's own word, behind its row of the crosswalk; empty where nothing says it."""
    given = tuple(message.get(field) for field in _words(profile).fields)
    word = "/".join(filter(None, given))
    return f"{_rows(profile).get(given, '')} {word}".strip()


@cache
def _rows(profile: str) -> dict[tuple[object, ...], str]:
    """Rows of the crosswalk by what the fields of the profile say."""
    words = _words(profile)
    if not words.row:
        return {}
    listed = CodeLists.load().rows(words.codes)
    return {tuple(row[c] for c in words.fields.values()): str(row[words.row] or "") for _, row in listed}


def _words(profile: str) -> Words:
    """Where a profile names what happened; nowhere, when its folder does not say."""
    http = profiles.load(profile).http
    return (http and http.words) or NO_WORDS


def _kind(heard: Heard) -> tuple[object, ...]:
    """What a mapping may decide by."""
    event = heard.datum
    return (
        heard.code, heard.word, event["subject"]["type"], event["how"]["mode"], event["when"]["classifier"],
        event["consignment_id"] is None, event["why"]["document"], event["why"]["reason_code"] is None,
        event["how"]["rail_car"] is None, event["why"]["transshipment"],
        any(reference["type"] == "EPERMIT" for reference in event["what"]["references"]),
    )  # fmt: skip


def _by_code(found: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    words: dict[str, set[str]] = {}
    for code, word in found:
        words.setdefault(code, set()).add(word)
    return {code: tuple(sorted(words[code])) for code in sorted(words)}


@cache
def _translator(profile: str, direction: str) -> Translator | None:
    text = profiles.load(profile).mappings.get(direction)
    if text is None:
        return None
    name = f"{profile}/{direction}.yaml"
    return Translator(load(text, name, lambda other: profiles.load(other).schema, CodeLists.load()))
