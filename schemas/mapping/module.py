"""The generated module of one mapping.

Its text, its functions, and the way back from a failing line to the target's field.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import DecimalException
from types import MappingProxyType, TracebackType
from typing import Any, Final

from schemas.avro import generated
from schemas.avro.violation import HIDDEN
from schemas.errors import CODES, Invalid, Violation
from schemas.mapping.code import Claim, Function, Line
from schemas.mapping.outgoing import Unfit
from schemas.mapping.report import MessageReport, plain, present
from schemas.mapping.shown import places

Path = tuple[str, ...]
"""Names of fields from a record's root."""

_CONSTANT = re.compile(r"""( *)b \+= (b'.*'|b".*")\Z""")
ABSENT: Final = "absent"
"""How the rule begins of a failure for want of a field of the sender's message."""
NULL = "null, where neither null nor a default is allowed"
_NUMBER = re.compile(r"-?[0-9]+\.[0-9]+")
_LOCAL = re.compile(r"\b(?:v_\w+|_\d+)\b")


@dataclass(frozen=True)
class Module:
    """Compiled functions by name.

    Attributes:
        file: the name under which tracebacks know the code.
        source: the whole text, for ``corridor mapping explain``.
        tags: line to what it is for: rule and pointer in the target.
        sources: what a field of the target is made of: paths of the source, in its schema's order.
        carried: those of them whose values it has.
    """

    file: str
    source: str
    functions: Mapping[str, Callable[..., Any]]
    tags: Mapping[int, tuple[str, str]]
    sources: Mapping[tuple[str, str], tuple[Path, ...]] = field(default_factory=dict)
    carried: Mapping[tuple[str, str], frozenset[Claim]] = field(default_factory=dict)

    def failure(self, error: BaseException, record: Any, report: MessageReport) -> Invalid:  # noqa: ANN401 - any input
        """Say which field of the sender's message, or else which of the target, an exception came from.

        Args:
            error: what generated code raised.
            record: the input, a datum or struct.
            report: what was said of it until then.

        Returns:
            ``mapping-failed``, or the rule that a finding broke where that is a code of its own: with the
            sender's pointer and value where a finding, an absent field or the one field that the value is
            made of led to it, else with the target's.
        """
        found: TracebackType | None = None
        trace = error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == self.file:
                found = trace
            trace = trace.tb_next
        if found is None:
            return Invalid("mapping-failed", "", f"{type(error).__name__}: {error}")
        rule, pointer = self.tags.get(found.tb_lineno, ("", ""))
        paths = self.sources.get((rule, pointer), ())
        words, value = self._said(error, found, paths, report)
        made_of = ", ".join("/" + "/".join(path) for path in paths[:6])
        source = f"; made of {made_of}" if made_of else ""
        listed = [Violation(pointer, f"rule {rule}: {words}{source}", value)]
        why = (
            _missing(rule, pointer, paths, record, report)
            if words == NULL
            else _made_of(rule, pointer, words, value, self.carried.get((rule, pointer), ()), record, report)
        )
        if why is not None:
            listed.insert(0, why)
        listed += [Violation(one.pointer, one.rule, one.value or "") for one in report.findings]
        listed = [one._replace(code=_code(one.rule)) for one in listed]
        first, listed = listed[0], list({one.pointer: one for one in reversed(listed)}.values())[::-1]
        return Invalid(
            first.code, first.pointer, first.rule, first.value or None, listed, sent=why is not None
        )

    def lacks(self, error: BaseException, record: Any, report: MessageReport) -> bool:  # noqa: ANN401 - any input
        """Whether an exception came of nothing but a field that the input does not have."""
        return self.failure(error, record, report).rule.startswith(ABSENT)

    def _said(
        self, error: BaseException, found: TracebackType, paths: Iterable[Path], report: MessageReport
    ) -> tuple[str, str]:
        """What is wrong in words, and the value; nothing of personal data."""
        shy = any(report.is_personal("/" + "/".join(path)) for path in paths)
        if isinstance(error, Unfit):
            return str(error.args[0]), HIDDEN if shy else str(error.args[1])[:200]
        line = self.source.splitlines()[found.tb_lineno - 1]
        local = found.tb_frame.f_locals
        values = [local[name] for name in _LOCAL.findall(line) if name in local]
        if None in values or (
            isinstance(error, (AttributeError, TypeError, KeyError)) and "None" in str(error)
        ):
            return NULL, ""
        if shy:
            return type(error).__name__, HIDDEN
        signal = isinstance(error, DecimalException)  # says no more than its name
        words = type(error).__name__ if signal else f"{type(error).__name__}: {error}"
        return words, str(values[-1])[:200] if values else ""


def _code(rule: str) -> str:
    """The code of a rule: its first word where that is a code."""
    code = rule.partition(":")[0]
    return code if code in CODES else "mapping-failed"


def _missing(
    rule: str,
    pointer: str,
    paths: Iterable[Path],
    record: Any,  # noqa: ANN401 - any input
    report: MessageReport,
) -> Violation | None:
    """A field of the target that needs a value got none: why, in the sender's words."""
    told = {plain(one.pointer): (one.pointer, one.rule, one.value or "") for one in report.findings
            if one.severity == "error"}  # fmt: skip
    lost = {plain(one.pointer): (one.pointer, one.reason, one.value or "") for one in report.losses
            if one.reason == "unknown-code"}  # fmt: skip
    for said in (told, lost):
        for path in paths:
            if (found := said.get("/" + "/".join(path))) is not None:
                return Violation(found[0], f"{found[1]}: {rule} needs {pointer}", found[2])
    absent = next((path for path in paths if not present(record, path)), None)
    return (
        Violation("/" + "/".join(absent), f"{ABSENT}: {rule} needs {pointer}") if absent is not None else None
    )


def _made_of(
    rule: str,
    pointer: str,
    words: str,
    value: str,
    claims: Iterable[Claim],
    record: Any,  # noqa: ANN401 - any input
    report: MessageReport,
) -> Violation | None:
    """A value does not fit where it goes: the field of the message that it is made of, if of one only."""
    blocks = {block for block, _ in report.took}
    found = {
        place.pointer
        for claim in claims
        if claim.block is None or claim.block in blocks
        for place in places(record, claim.path, "", "")
    }
    if len(found) > 1:  # the one whose value it still is
        found = {at for at in found if value and _bare(report.sent(at)) == _bare(value)}
    if len(found) != 1:
        return None
    (at,) = found
    return Violation(at, f"{words}: {rule} makes {pointer}", report.sent(at))


def _bare(text: str) -> str:
    """A number without the zeros at its end, and any other text as it is."""
    return text.rstrip("0").rstrip(".") if "." in text and _NUMBER.fullmatch(text) else text


def link(
    file: str,
    functions: list[Function],
    bindings: Mapping[str, Any],
    head: str,
    attributes: Collection[str],
    sources: Mapping[tuple[str, str], tuple[Path, ...]] = MappingProxyType({}),
    carried: Mapping[tuple[str, str], frozenset[Claim]] = MappingProxyType({}),
) -> Module:
    """Compile all functions as one module over ``bindings``; they may read ``attributes``."""
    lines = [Line(f"# {head}", ("", ""))]
    for function in functions:
        lines += [Line("", ("", "")), *_folded(function.source())]
    source = "\n".join(line.text for line in lines) + "\n"
    scope = generated.run(source, file, dict(bindings), attributes)
    tags = {number: line.tag for number, line in enumerate(lines, 1)}
    return Module(
        file,
        source,
        {function.name: scope[function.name] for function in functions},
        tags,
        sources,
        carried,
    )


def _folded(lines: list[Line]) -> list[Line]:
    """Merge constants that are appended one after the other."""
    kept: list[Line] = []
    for line in lines:
        this = _CONSTANT.match(line.text)
        last = _CONSTANT.match(kept[-1].text) if kept else None
        if this and last and this[1] == last[1]:
            both = ast.literal_eval(last[2]) + ast.literal_eval(this[2])
            kept[-1] = Line(f"{this[1]}b += {both!r}", kept[-1].tag)
        else:
            kept.append(line)
    return kept
