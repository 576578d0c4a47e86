"""What goes beside an event to whoever translates it on: what holds nothing new in it, and what is personal.

The sender's message is not at hand there, so both are found where the event is made of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from functools import lru_cache
from typing import Any, Final

from schemas.avro.codec import Codec
from schemas.avro.schema import Array, bare
from schemas.mapping.compile import CompiledMapping, CompiledRule
from schemas.mapping.report import plain
from schemas.translation.lineage import texts_at
from schemas.translation.model import Output, Result
from schemas.translation.privacy import Names, Path, PersonalFields, texts


class Marks:
    """Marks the outputs of one mapping.

    Args:
        mapping: into the canonical event.
        personal: pointers, without indexes, of its source's fields with personal data.
    """

    def __init__(self, mapping: CompiledMapping, personal: Collection[str]) -> None:
        self._codec: Final = Codec(mapping.target)
        self._people: Final = frozenset(tuple(pointer[1:].split("/")) for pointer in personal)
        fields = mapping.source.fields()
        self._lists: Final = {path.split(".")[0] for path, one in fields if isinstance(bare(one.type), Array)}
        self._shared = lru_cache(maxsize=256)(self._shared_by)
        self._made = lru_cache(maxsize=256)(self._made_of_people)

    def put(self, record: Any, people: PersonalFields, result: Result) -> None:  # noqa: ANN401 - a datum
        """Mark the outputs of a message, which says this of people."""
        names, said = people.names, people.paths
        seen: set[CompiledRule] = set()
        for index, output in enumerate(result.outputs):
            rule = output.rule
            known = self._shared(rule) if rule is not None and rule in seen else ()
            personal = self._made(rule, said) if said and rule is not None else ()
            if personal and rule is not None:
                personal = self._really(personal, rule, record, output)
            if names is not None and names.within(output.body):
                personal = tuple(sorted({*personal, *self._telling(output, names)}))
            if known or personal:
                result.outputs[index] = output._replace(known=known, personal=personal)
            if rule is not None:
                seen.add(rule)

    def _shared_by(self, rule: CompiledRule) -> tuple[str, ...]:
        """Paths that are the same in all outputs that a rule makes of one message: of no list."""
        parts: dict[str, list[tuple[str, bool]]] = defaultdict(list)
        for pointer, claims in rule.claims.items():
            path = pointer[1:].replace("/", ".")
            parts[path.partition(".")[0]].append(
                (path, all(one.path[0] not in self._lists for one in claims))
            )
        found: list[str] = []
        for root, fields in sorted(parts.items()):
            alone = [path for path, same in fields if same and ".*" not in path]
            found += [root] if len(alone) == len(fields) else alone
        return tuple(found)

    def _made_of_people(self, rule: CompiledRule, said: frozenset[Path]) -> tuple[str, ...]:
        """Pointers of the fields that a rule makes of personal data, of which the message has some."""
        return tuple(
            sorted(
                pointer.replace("/*", "")
                for pointer, claims in rule.claims.items()
                if any(claim.path in said for claim in claims)
            )
        )

    def _really(
        self,
        pointers: tuple[str, ...],
        rule: CompiledRule,
        record: Any,  # noqa: ANN401 - a datum or struct
        output: Output,
    ) -> tuple[str, ...]:
        """Those of the pointers that are not made of another field this time: of an id where no plate is."""
        others = {
            pointer: [claim.path for claim in claims if claim.path not in self._people]
            for pointer, claims in rule.claims.items()
            if pointer in pointers
        }
        if not any(others.values()):
            return pointers
        made = self._codec.decode_trusted(output.body)
        return tuple(
            pointer
            for pointer in pointers
            if not (told := texts_at(made, tuple(pointer[1:].split("/")), ""))
            or not told <= {text for path in others.get(pointer, ()) for text in texts_at(record, path, "")}
        )

    def _telling(self, output: Output, names: Names) -> set[str]:
        """Pointers of the fields of an output in which somebody is named, whatever they are made of."""
        record = self._codec.decode_trusted(output.body)
        return {plain(pointer) for pointer, text in texts(record, "") if names.told(text)}
