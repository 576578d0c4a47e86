import json
from collections.abc import Callable
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from schemas.errors import Permanent
from schemas.registry import deletion
from schemas.registry.names import subject
from schemas.registry.reading import parse
from schemas.registry.records import (
    ConfigKey,
    Entry,
    MarkKey,
    ModeKey,
    SchemaKey,
    decode,
    encode,
    encode_key,
)
from schemas.registry.refusal import RegistryRefusal
from schemas.registry.registration import RegistryChange, register
from schemas.registry.settings import put_config, put_mode
from schemas.registry.state import RegistryState
from schemas.registry.submission import Submission
from schemas.registry.text import canonical, normalized, self_contained
from tests.support.avro_pairs import Maker

SUBJECTS = st.sampled_from(["a", "b", ":.ctx:a"])
SCHEMAS = st.integers(0, 5).map(lambda n: json.dumps({"type": "fixed", "name": "F", "size": n}))
LEVELS = st.sampled_from(["NONE", "FULL"])

Log = list[tuple[bytes, bytes | None]]


def replayed(log: Log) -> RegistryState:
    """Give the state that a log of records adds up to."""
    state = RegistryState()
    for offset, (key, value) in enumerate(log):
        state.apply(decode(key, value), offset)
    return state


def compacted(log: Log) -> Log:
    """Keep the last record of each key, as Kafka's cleaner does in the end, and no tombstones."""
    last = {key: offset for offset, (key, _) in enumerate(log)}
    return [(k, v) for offset, (k, v) in enumerate(log) if last[k] == offset and v is not None]


def seen(state: RegistryState) -> object:
    """Give everything that a client can see."""
    versions = [(v.key, v.id, v.schema, v.deleted) for v in state.all()]
    return versions, state.configs, state.modes, [state.highest_id(c) for c in (".", ".ctx")]


class Registry(RuleBasedStateMachine):
    """Any sequence of requests, with the log replayed and compacted at every step."""

    def __init__(self) -> None:
        super().__init__()
        self.log: Log = []
        self.state = RegistryState()
        self.given: dict[tuple[str, int], str] = {}
        self.versions: set[tuple[str, int, str]] = set()

    def request(self, decide: Callable[[RegistryState], RegistryChange]) -> object:
        """Carry out a request; what it refuses changes nothing."""
        try:
            change = decide(self.state)
        except RegistryRefusal:
            return None
        for entry in change.entries:
            key, value = encode(entry)
            self.log.append((key, value))
            self.state.apply(decode(key, value), len(self.log) - 1)
        return change.answer

    @rule(name=SUBJECTS, text=SCHEMAS)
    def registers(self, name: str, text: str) -> None:
        """An id that was given once never stands for another schema."""
        where = subject(name)
        answer = self.request(
            lambda state: register(state, where, Submission(text), normalize=False, recursive=False)
        )
        if answer is not None:
            found = self.state.live(name)[-1] if self.state.live(name) else None
            assert found is not None
            value = next(v for v in self.state.live(name) if json.loads(v.schema) == json.loads(text))
            known = self.given.setdefault((where.context, value.id), value.schema)
            assert known == value.schema

    @rule(name=SUBJECTS, version=st.sampled_from([1, 2, -1]), permanent=st.booleans())
    def deletes_version(self, name: str, version: int, permanent: bool) -> None:
        """A version is deleted."""
        where = subject(name)
        self.request(lambda state: deletion.delete_version(state, where, version, permanent=permanent))

    @rule(name=SUBJECTS, permanent=st.booleans())
    def deletes_subject(self, name: str, permanent: bool) -> None:
        """A subject is deleted."""
        self.request(lambda state: deletion.delete_subject(state, subject(name), permanent=permanent))

    @rule(name=SUBJECTS, level=LEVELS)
    def configures(self, name: str, level: str) -> None:
        """A level is set."""
        self.request(lambda state: put_config(state, subject(name), {"compatibility": level}))

    @rule(name=SUBJECTS, mode=st.sampled_from(["READWRITE", "IMPORT"]), force=st.booleans())
    def sets_mode(self, name: str, mode: str, force: bool) -> None:
        """A mode is set."""
        self.request(lambda state: put_mode(state, subject(name), mode, force=force))

    @invariant()
    def replay_gives_the_same(self) -> None:
        """Another process that reads the log sees the same, before and after compaction."""
        assert seen(replayed(self.log)) == seen(self.state)
        assert seen(replayed(compacted(self.log))) == seen(self.state)


TestRegistry = Registry.TestCase
TestRegistry.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)


@given(st.binary(max_size=200), st.none() | st.binary(max_size=200))
def test_no_record_stops_a_reader(key: bytes, value: bytes | None) -> None:
    """Whatever stands in the topic, reading goes on."""
    RegistryState().apply(decode(key, value), 0)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
        max_leaves=8,
    ),
    st.sampled_from(
        ["SCHEMA", "CONFIG", "MODE", "NOOP", "CONTEXT", "DELETE_SUBJECT", "CLEAR_SUBJECT", "ASSOC"]
    ),
)
def test_no_value_of_a_known_key_stops_a_reader(value: object, kind: str) -> None:
    """A key that is known with a value that is not what it should be is told as such, and in no other way."""
    key = {"keytype": kind, "subject": "s", "version": 1, "context": ".c", "tenant": "t", "magic": 0}
    with suppress(Permanent):
        RegistryState().apply(decode(json.dumps(key).encode(), json.dumps(value).encode()), 0)


@given(st.text(min_size=1, max_size=20), st.integers(1, 2**31 - 1))
def test_keys_survive_their_bytes(name: str, version: int) -> None:
    """A key that was written is read as the same key."""
    for key in (SchemaKey(name, version), ConfigKey(name), ModeKey(""), MarkKey()):
        try:
            raw = encode_key(key)
        except UnicodeEncodeError:
            continue
        entry = decode(raw, None)
        assert entry == Entry(key, None)


@given(st.integers(0, 1_000_000))
def test_canonical_text_is_a_fixed_point(number: int) -> None:
    """Reading and printing what was printed changes nothing, in every form."""
    for text in Maker(number).pair():
        schema = parse(text)
        for form in (canonical, normalized, self_contained):
            once = form(schema)
            assert form(parse(once)) == once
