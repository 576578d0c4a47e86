"""The functions of the mapping language.

How many arguments of which kind, what comes back, and the code of a call.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from schemas.avro.structs import attribute
from schemas.codes.identifiers import CHECKS, NORMALISE
from schemas.codes.lists import CodeLists
from schemas.errors import Misconfigured
from schemas.mapping import logical, petroleum, route, runtime, times
from schemas.mapping.code import Column, Line, Value
from schemas.mapping.expression import Call, Expression, Wrong, alike
from schemas.mapping.places import Places
from schemas.mapping.remembered import remembering
from schemas.mapping.source import suggest
from schemas.mapping.types import BOOL, DAY, DECIMAL, INSTANT, INT, TEXT, UUID, Type

_LOGICAL = {"instant": INSTANT, "day": DAY}
_KINDS = {
    "text": ("text", "enum"),
    "number": ("int", "decimal"),
    "int": ("int",),
    "instant": ("int",),
    "day": ("int",),
    "sized": ("text", "list", "map"),
    "list": ("list",),
    "scalar": ("text", "enum", "int", "decimal", "bool", "float"),
}


@dataclass(frozen=True)
class Plain:
    """A function without literal arguments: ``code`` is a template over its arguments.

    ``slow`` is called when the fast code gave null, with the report, the pointer of the first argument, the
    arguments, and the pointers of those that are ``named``. With ``nulls`` the code takes null arguments
    itself. Where it ``chooses``, its arguments only say which: they are tested, and not carried.
    """

    takes: tuple[str, ...]
    gives: Type
    code: str
    slow: Callable[..., Any] | None = None
    nulls: bool = False
    uses: Mapping[str, Any] = field(default_factory=dict)
    chooses: bool = False
    named: tuple[int, ...] = ()

    def __call__(self, compiler: Expression, node: ast.Call, expected: Type | None) -> Value:  # noqa: ARG002
        """Compile a call."""
        if not self.chooses:
            return emit(compiler, arguments(compiler, node, self.takes), self)
        start = len(compiler.tests)
        with compiler.tested():
            values = arguments(compiler, node, self.takes)
        del compiler.tests[start:]
        return emit(compiler, values, self)


def arguments(compiler: Expression, node: ast.Call, takes: tuple[str, ...]) -> list[Value]:
    """Compile and check the arguments of a call into atoms."""
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    if len(node.args) != len(takes):
        raise Wrong(
            node, f"{name}() takes {len(takes)} argument{'s' * (len(takes) != 1)}, not {len(node.args)}"
        )
    values = []
    for argument, kind in zip(node.args, takes, strict=True):
        value = compiler.atom(compiler.visit(argument))
        if kind != "any" and value.type.kind not in (*_KINDS[kind], "null"):
            raise Wrong(argument, f"{name}() takes {kind} here, this is {value.type}")
        if kind in _LOGICAL:
            value = compiler.as_logical(value, _LOGICAL[kind], argument)
        values.append(value)
    return values


def emit(compiler: Expression, values: list[Value], function: Plain, code: str | None = None) -> Value:
    """The code of a call on compiled arguments.

    Args:
        compiler: writes the lines.
        values: the arguments.
        function: what is called.
        code: the call, where the template is not enough. It is never formatted: it holds source of arguments,
            and braces in a literal are not places to fill.
    """
    for name, target in function.uses.items():
        compiler.bindings.names.setdefault(name, target)
    codes = [value.code for value in values]
    code = function.code.format(*codes) if code is None else code
    if function.nulls:
        value = Value(code, function.gives.or_null(), atom=False, pointer=values[0].pointer)
        value = replace(value, volatile=any(one.volatile for one in values))
    else:
        value = compiler.null_safe(values, code, function.gives)
    if function.slow is None:
        return value
    value = compiler.atom(value, "value")
    slow = compiler.bindings.bind(f"report_{function.slow.__name__}", function.slow)
    guards = [one for one in values if one.type.nullable and not function.nulls]
    test = " and ".join([f"{value.code} is None", *(f"{one.code} is not None" for one in guards)])
    places = [compiler.pointer(values[index]) for index in function.named]
    call = f"{slow}(c, {compiler.pointer(value)}, {', '.join(codes + places)})"
    compiler.function.line(f"if {test}: {value.code} = {call}")
    keeps = function.slow.__name__ == "slow" and not guards
    return value if keeps else replace(value, type=value.type.or_null())


def library(codes: CodeLists, *, free_text: bool = False) -> dict[str, Call]:
    """All functions by name.

    Args:
        codes: the code lists that they look up.
        free_text: whether the target's profile takes what a sender wrote in free words.
    """
    places = Places(codes)
    units = {
        name: (str(row["dimension"]), runtime.to_decimal(row["factor"]) or Decimal(1))
        for name, row in codes.rows("units")
        if row["factor"] is not None and row["dimension"] != "temperature"
    }
    plain: dict[str, Call] = {
        "text": Plain(("scalar",), TEXT, "TEXT({0})", uses={"TEXT": runtime.text_of}),
        "int": Plain(
            ("scalar",), INT, "TO_INT({0})", runtime.unreadable("not-an-integer"),
            uses={"TO_INT": runtime.to_int},
        ),
        "decimal": Plain(
            ("scalar",), DECIMAL, "TO_DECIMAL({0})", runtime.unreadable("not-a-decimal"),
            uses={"TO_DECIMAL": runtime.to_decimal},
        ),
        "upper": Plain(("text",), TEXT, "{0}.upper()"),
        "lower": Plain(("text",), TEXT, "{0}.lower()"),
        "strip": Plain(("text",), TEXT, "{0}.strip()"),
        "replace": Plain(("text", "text", "text"), TEXT, "{0}.replace({1}, {2})"),
        "split": Plain(("text", "text"), Type("list", item=TEXT), "{0}.split({1})"),
        "join": Plain(("text", "list"), TEXT, "{0}.join({1})"),
        "len": Plain(("sized",), INT, "len({0})"),
        "starts": Plain(("text", "text"), BOOL, "{0}.startswith({1})"),
        "zone_of": Plain(
            ("text", "text"), TEXT, "ZONE_OF({0}, {1})", places.unlisted, nulls=True,
            uses={"ZONE_OF": places.zone_of},
        ),
        "place_zone": Plain(
            ("text",), TEXT.or_null(), "PLACE_ZONE({0})", uses={"PLACE_ZONE": places.place_zone}
        ),
        "clock_at": Plain(
            ("text", "text"), TEXT, "CLOCK_AT({0}, {1})", nulls=True, uses={"CLOCK_AT": places.clock_at}
        ),
        "elsewhere": Plain(
            ("text", "text"), TEXT.or_null(), "ELSEWHERE({0}, {1})", uses={"ELSEWHERE": places.elsewhere}
        ),
        "misnamed": Plain(
            ("text", "text"), BOOL, "MISNAMED({0}, {1})", uses={"MISNAMED": places.misnamed}
        ),
        "country_of": Plain(
            ("text",), TEXT.or_null(), "COUNTRY_OF({0})", uses={"COUNTRY_OF": places.country_of}
        ),
        "preferred": Plain(("text",), TEXT, "PREFERRED({0})", uses={"PREFERRED": places.preferred}),
        "utc_millis": Plain(
            ("text", "text"), INSTANT, "UTC_MILLIS({0}, {1})", runtime.utc_millis_slow,
            uses={"UTC_MILLIS": times.utc_millis},
        ),
        "local_text": _local_text,
        "plain_zone": Plain(
            ("instant", "text"), TEXT.or_null(), "PLAIN_ZONE({0}, {1})", uses={"PLAIN_ZONE": times.plain_zone}
        ),
        "offset_minutes": Plain(
            ("instant", "text"), INT, "OFFSET_MINUTES({0}, {1})",
            uses={"OFFSET_MINUTES": times.offset_minutes},
        ),
        "doubled": Plain(
            ("list",), Type("list", item=TEXT, nullable=True), "DOUBLED({0})",
            uses={"DOUBLED": runtime.doubled},
        ),
        "future_text": Plain(
            ("instant", "instant", "text"), TEXT, "FUTURE_TEXT({0}, {1}, {2})", nulls=True,
            uses={"FUTURE_TEXT": runtime.future_text},
        ),
        "instant_text": Plain(
            ("instant",), TEXT, "INSTANT_TEXT({0})", uses={"INSTANT_TEXT": times.instant_text}
        ),
        "offset_text": Plain(("int",), TEXT, "OFFSET_TEXT({0})", uses={"OFFSET_TEXT": times.offset_text}),
        "offset_value": Plain(
            ("text",), INT, "OFFSET_VALUE({0})", runtime.unreadable("offset-invalid"),
            uses={"OFFSET_VALUE": times.offset_value},
        ),
        "date_days": Plain(
            ("text",), DAY, "READ_DATE({0})", runtime.unreadable("date-invalid"),
            uses={"READ_DATE": times.read_date},
        ),
        "contract_day": Plain(
            ("text",), DAY.or_null(), "CONTRACT_DAY({0})", uses={"CONTRACT_DAY": times.contract_day}
        ),
        "date_text": Plain(("day",), TEXT, "DATE_TEXT({0})", uses={"DATE_TEXT": times.date_text}),
        "convert": Plain(
            ("number", "text", "text"), DECIMAL, "CONVERT({0}, {1}, {2})",
            runtime.unreadable("unit-mismatch"),
            uses={"CONVERT": runtime.converter(units)},
        ),
        "mass": Plain(
            ("number", "number"), DECIMAL, "MASS({0}, {1})", runtime.needs_density, nulls=True,
            uses={"MASS": runtime.mass},
        ),
        "volume": Plain(
            ("number", "number"), DECIMAL, "VOLUME({0}, {1})", runtime.needs_density, nulls=True,
            uses={"VOLUME": runtime.volume},
        ),
        "api_gravity": Plain(
            ("number",), DECIMAL, "API_GRAVITY({0})", petroleum.out_of_range,
            uses={"API_GRAVITY": petroleum.api_gravity},
        ),
        "api_density": Plain(
            ("number",), DECIMAL, "API_DENSITY({0})", petroleum.out_of_range,
            uses={"API_DENSITY": petroleum.api_density},
        ),
        "net": Plain(
            ("number", "number"), DECIMAL, "NET({0}, {1})", petroleum.needs_water, nulls=True,
            uses={"NET": petroleum.net},
        ),
        "gross": Plain(
            ("number", "number"), DECIMAL, "GROSS({0}, {1})", petroleum.needs_water, nulls=True,
            uses={"GROSS": petroleum.gross},
        ),
        "agrees": Plain(
            ("number", "number"), DECIMAL, "AGREES({0}, {1})", petroleum.contradicts, nulls=True,
            uses={"AGREES": petroleum.agrees},
        ),
        "next_on_route": Plain(
            ("text", "text", "list", "list", "list", "text"), TEXT,
            "NEXT_ON_ROUTE({0}, {1}, {2}, {3}, {4}, {5})",
            uses={"NEXT_ON_ROUTE": route.next_on_route(
                codes.column("stations", "unlocode"), codes.column("stations", "country")
            )},
            chooses=True,
        ),
        "oil_density": _oil_density,
        "oil_convert": _oil_convert,
        "within": _within,
        "distinct": _distinct,
        "uuid5": _uuid5,
    }  # fmt: skip
    special = {
        "lookup": _lookup(codes), "listed": _lookup(codes, told=True), "known": _known(codes),
        "check": _check, "valid": _valid, "normal": _normal,
        "first": _first, "has": _has, "any": _any, "all": _all, "loss": _loss, "finding": _finding,
        "saying": _saying, "cleared": _cleared, "free_text": _free_text if free_text else _withheld,
    }  # fmt: skip
    return {**plain, **special}


def _literal(node: ast.Call, index: int, what: str) -> str:
    if index >= len(node.args):
        raise Wrong(node, f"{what} is missing")
    argument = node.args[index]
    if not isinstance(argument, ast.Constant) or not isinstance(argument.value, str):
        raise Wrong(argument, f"{what} must be a literal text")
    return argument.value


def _rest(compiler: Expression, node: ast.Call, start: int, takes: tuple[str, ...]) -> list[Value]:
    rest = ast.Call(func=node.func, args=node.args[start:], keywords=[])
    return arguments(compiler, ast.copy_location(rest, node), takes)


def _uuid5(compiler: Expression, node: ast.Call, expected: Type | None) -> Value:  # noqa: ARG001
    values = arguments(compiler, node, ("scalar",) * max(len(node.args), 1))
    code = f"UUID5({', '.join(value.code for value in values)})"
    return emit(compiler, values, Plain((), UUID, "", uses={"UUID5": runtime.uuid5}), code)


def _free_text(compiler: Expression, node: ast.Call, expected: Type | None) -> Value:  # noqa: ARG001
    """``free_text(text)``: what a sender wrote in free words, where the target's profile takes that."""
    return arguments(compiler, node, ("text",))[0]


def _withheld(compiler: Expression, node: ast.Call, expected: Type | None) -> Value:
    """The same where it does not: nothing, and nothing is read."""
    if len(node.args) != 1:
        return _free_text(compiler, node, expected)
    return compiler.visit(ast.copy_location(ast.Constant(None), node))


def _oil_density(compiler: Expression, node: ast.Call, expected: Type | None) -> Value:  # noqa: ARG001
    given, wanted = _pair(node, "oil_density", 1)
    value = _some(compiler, node, (0,), ("number",))
    name = compiler.bindings.bind(f"oil_density_{given}_{wanted}", petroleum.densities(given, wanted))
    return emit(compiler, value, Plain((), DECIMAL, f"{name}({{0}})", petroleum.out_of_range))


def _oil_convert(compiler: Expression, node: ast.Call, expected: Type | None) -> Value:  # noqa: ARG001
    given, wanted = _pair(node, "oil_convert", 1)
    values = _some(compiler, node, (0, 3), ("number", "number"))
    plain = f"oil_{given}_{wanted}".replace("@", "")
    name = compiler.bindings.bind(plain, petroleum.converter(given, wanted))
    function = Plain((), DECIMAL, f"{name}({{0}}, {{1}})", petroleum.needs_density, nulls=True, named=(1,))
    return emit(compiler, values, function)


def _within(compiler: Expression, node: ast.Call, expected: Type | None) -> Value:  # noqa: ARG001
    """``within(value, low, high)``: the value; a finding when it is beyond one of two literal numbers."""
    bounds = [bound.value if isinstance(bound, ast.Constant) else "" for bound in node.args[1:]]
    limits = [runtime.to_decimal(bound) for bound in bounds if bound is not None]
    if len(bounds) != 2 or None in limits:
        raise Wrong(node, "within() takes a number, and two literal numbers or None")
    first = ast.copy_location(ast.Call(func=node.func, args=node.args[:1], keywords=[]), node)
    value = arguments(compiler, first, ("number",))
    fast, slow = runtime.within(*(runtime.to_decimal(bound) for bound in bounds))
    name = compiler.bindings.bind("within", fast, ("within", *bounds))
    return emit(compiler, value, Plain((), value[0].type.not_null(), f"{name}({{0}})", slow))


def _distinct(compiler: Expression, node: ast.Call, expected: Type | None) -> Value:  # noqa: ARG001
    """``distinct(list, 'name')``: of records by a field, of texts by the normal form of an identifier."""
    name = _literal(node, 1, "the field or identifier")
    first = ast.copy_location(ast.Call(func=node.func, args=node.args[:1], keywords=[]), node)
    (items,) = arguments(compiler, first, ("list",))
    if items.type.item is not None and items.type.item.kind == "record":
        fields = items.type.item.fields
        if name not in fields:
            raise Wrong(node.args[1], f"no field `{name}`{suggest(name, fields)}")
        getter = (
            operator.attrgetter(attribute(name))
            if items.type.item.access == "attr"
            else operator.itemgetter(name)
        )
        key: Callable[[Any], Any] = getter
    else:
        key = remembering(_identifier(ast.Call(node.func, node.args[1:], []), NORMALISE))
    function = compiler.bindings.bind(f"distinct_{name}", runtime.distinct(key))
    made = compiler.atom(compiler.null_safe([items], f"{function}({items.code})", items.type.not_null()))
    return replace(made, path=items.path, anchor=items.anchor, pointer=None)


def _pair(node: ast.Call, function: str, first: int) -> tuple[str, str]:
    """Two literal arguments that the oil functions know."""
    words = _literal(node, first, "what is given"), _literal(node, first + 1, "what is wanted")
    for word, argument in zip(words, node.args[first:], strict=False):
        if wrong := petroleum.unknown(function, word):
            raise Wrong(argument, wrong)
    return words


def _some(
    compiler: Expression, node: ast.Call, places: tuple[int, ...], takes: tuple[str, ...]
) -> list[Value]:
    """Arguments at some places of a call."""
    if len(node.args) != len(takes) + 2:
        raise Wrong(node, f"takes {len(takes) + 2} arguments, not {len(node.args)}")
    chosen = ast.Call(func=node.func, args=[node.args[place] for place in places], keywords=[])
    return arguments(compiler, ast.copy_location(chosen, node), takes)


def _column(codes: CodeLists, node: ast.Call, name: str, column: str) -> Mapping[str, Any]:
    if name not in codes.names:
        raise Wrong(node.args[0], f"no code list `{name}`{suggest(name, codes.names)}")
    try:
        return codes.column(name, column)
    except Misconfigured:
        hint = suggest(column, codes.columns(name))
        raise Wrong(node.args[-1], f"code list `{name}` has no column `{column}`{hint}") from None


def _lookup(codes: CodeLists, *, told: bool = False) -> Call:
    """``lookup(list, key, column)``, or ``listed``: where the key is told as well, nothing is lost."""
    kinds = {"integer": INT, "decimal": DECIMAL, "yes-no": BOOL}

    def lookup(compiler: Expression, node: ast.Call, expected: Type | None) -> Value:  # noqa: ARG001
        name, column = _literal(node, 0, "the code list"), _literal(node, 2, "the column")
        values = _column(codes, node, name, column)
        key = _rest(compiler, ast.copy_location(ast.Call(node.func, node.args[:2], []), node), 1, ("text",))
        if key[0].const and (given := ast.literal_eval(key[0].code)) not in values:
            raise Wrong(node.args[1], f"code list `{name}` has no `{given}`{suggest(str(given), values)}")
        bound = compiler.bindings.bind(f"{name}_{column}", values, (name, column))
        known = None if told else compiler.bindings.bind(f"{name}_keys", frozenset(values), ("keys", name))
        gives = kinds.get(str(codes.columns(name)[column].kind), TEXT)
        found = compiler.atom(emit(compiler, key, Plain((), gives, f"{bound}.get({{0}})")), column)
        _say_unknown(compiler, codes, name, known, key[0], found)
        column_of = Column(found.code, key[0].code, (name, column), values)
        return replace(found, type=found.type.or_null(), column=column_of)

    return lookup


def _say_unknown(
    compiler: Expression, codes: CodeLists, name: str, known: str | None, key: Value, found: Value
) -> None:
    """Lines that report a key that is not in the list, or not verified: once for all columns looked up."""
    said = f"said {name} {known is None} {key.code}"
    if compiler.function.here.remembered(said) is not None:
        return
    compiler.function.here.memo[said] = key
    if not key.const and known is not None:
        test = f"{found.code} is None and {key.code} is not None and {key.code} not in {known}"
        compiler.function.line(f"if {test}: c.loss({compiler.pointer(key)}, 'unknown-code', {key.code})")
    if unsure := codes.unverified(name):
        rows = compiler.bindings.bind(f"{name}_unverified", unsure, ("unverified", name))
        compiler.function.line(f"if {key.code} in {rows}: c.unverified({name!r}, {key.code})")


def _known(codes: CodeLists) -> Call:
    def known(compiler: Expression, node: ast.Call, expected: Type | None) -> Value:  # noqa: ARG001
        name = _literal(node, 0, "the code list")
        if name not in codes.names:
            raise Wrong(node.args[0], f"no code list `{name}`{suggest(name, codes.names)}")
        key = _rest(compiler, node, 1, ("text",))[0]
        keys = frozenset(entry for entry, _ in codes.rows(name))
        bound = compiler.bindings.bind(f"{name}_keys", keys, ("keys", name))
        return Value(f"({key.code} in {bound})", BOOL, atom=False, volatile=key.volatile)

    return known


def _identifier(node: ast.Call, known: Mapping[str, Any]) -> Any:  # noqa: ANN401
    name = _literal(node, 0, "the identifier")
    if name not in known:
        raise Wrong(node.args[0], f"no identifier `{name}`{suggest(name, known)}")
    return known[name]


def _check(compiler: Expression, node: ast.Call, expected: Type | None) -> Value:  # noqa: ARG001
    fast, slow = runtime.checked(_identifier(node, CHECKS))
    value = _rest(compiler, node, 1, ("text",))
    name = compiler.bindings.bind(f"check_{_literal(node, 0, '')}", fast, ("check", _literal(node, 0, "")))
    return emit(compiler, value, Plain((), TEXT, f"{name}({{0}})", slow))


def _valid(compiler: Expression, node: ast.Call, expected: Type | None) -> Value:  # noqa: ARG001
    check = _identifier(node, CHECKS)
    value = _rest(compiler, node, 1, ("text",))[0]
    bound = compiler.bindings.bind(f"broken_{_literal(node, 0, '')}", remembering(check))
    guard = f"{value.code} is not None and " if value.type.nullable else ""
    return Value(f"({guard}{bound}({value.code}) is None)", BOOL, atom=False, volatile=value.volatile)


def _normal(compiler: Expression, node: ast.Call, expected: Type | None) -> Value:  # noqa: ARG001
    name = _literal(node, 0, "the identifier")
    bound = compiler.bindings.bind(f"normal_{name}", remembering(_identifier(node, NORMALISE)))
    return emit(compiler, _rest(compiler, node, 1, ("text",)), Plain((), TEXT, f"{bound}({{0}})"))


def _first(compiler: Expression, node: ast.Call, expected: Type | None) -> Value:
    if not node.args:
        raise Wrong(node, "first() takes at least one argument")
    value = compiler.visit(node.args[0], expected)
    for argument in node.args[1:]:
        if not value.type.nullable:
            raise Wrong(argument, f"never reached: what comes before is {value.type}, which is never null")
        value = compiler.atom(value, "first")
        outer, compiler.block = compiler.block, compiler.numbered()  # what is not needed is not carried
        other, code = compiler.function.apart(lambda argument=argument: compiler.visit(argument, expected))  # type: ignore[misc]
        if not other.const and not compiler.testing:
            code.parts.append(Line(f"c.took.append(({compiler.block}, None))", compiler.function.tag))
        compiler.block = outer
        if not alike(value.type, other.type):
            raise Wrong(argument, f"first() of {value.type} and {other.type}")
        kind = other.type if value.type.kind == "null" else value.type.not_null().or_null(other.type.nullable)
        kind = replace(kind, logical=logical.either(value.type, other.type))
        name = compiler.function.fresh("first")
        compiler.function.line(f"{name} = {value.code}")
        compiler.function.attach(f"if {name} is None:", code, f"{name} = {other.code}")
        volatile = value.volatile or other.volatile
        value = Value(name, kind, True, None, value.pointer or other.pointer, volatile=volatile)
    return value


def _has(compiler: Expression, node: ast.Call, expected: Type | None) -> Value:  # noqa: ARG001
    value = arguments(compiler, node, ("any",))[0]
    return Value(f"({value.code} is not None)", BOOL, atom=False, volatile=value.volatile)


def _any(compiler: Expression, node: ast.Call, expected: Type | None) -> Value:  # noqa: ARG001
    return compiler.quantified("any", node.args[0] if len(node.args) == 1 else node)


def _all(compiler: Expression, node: ast.Call, expected: Type | None) -> Value:  # noqa: ARG001
    return compiler.quantified("all", node.args[0] if len(node.args) == 1 else node)


def _local_text(compiler: Expression, node: ast.Call, expected: Type | None) -> Value:  # noqa: ARG001
    """A time of which something is left out is a loss, and one of which nothing can be written."""
    millis, zone = values = arguments(compiler, node, ("instant", "text"))
    there = f"{millis.code} is not None and " if millis.type.nullable else ""
    if zone.type.nullable:
        lost = f"c.loss({compiler.pointer(millis)}, 'unknown-zone', {millis.code})"
        compiler.function.line(f"if {there}{zone.code} is None: {lost}")
        there += f"{zone.code} is not None and "
    lost = f"c.loss({compiler.pointer(millis)}, 'precision', {millis.code})"
    compiler.function.line(f"if {there}{millis.code} % 60000: {lost}")
    return emit(
        compiler,
        values,
        Plain((), TEXT, "LOCAL_TEXT({0}, {1})", uses={"LOCAL_TEXT": times.local_text}),
    )


def _loss(compiler: Expression, node: ast.Call, expected: Type | None) -> Value:  # noqa: ARG001
    place, reason, value = arguments(compiler, node, ("any", "text", "any"))
    guard = f"if {place.code} is not None: " if place.type.nullable else ""
    lost = place.code if place.type.kind not in {"list", "map", "record"} else "None"
    compiler.function.line(f"{guard}c.loss({compiler.pointer(place)}, {reason.code}, {lost})")
    return value


def _finding(compiler: Expression, node: ast.Call, expected: Type | None) -> Value:  # noqa: ARG001
    place, rule, severity, value = arguments(compiler, node, ("any", "text", "text", "any"))
    shown = value.code
    if value.type.logical == "timestamp-millis":
        value = compiler.atom(value)
        compiler.bindings.names.setdefault("INSTANT_TEXT", times.instant_text)
        shown = f"(None if {value.code} is None else INSTANT_TEXT({value.code}))"
    compiler.function.line(f"c.finding({compiler.pointer(place)}, {rule.code}, {severity.code}, {shown})")
    return value


def _saying(compiler: Expression, node: ast.Call, expected: Type | None) -> Value:
    """``saying(value, beside, …)``: the value; of what is beside it only what that reports is wanted."""
    if len(node.args) < 2:
        raise Wrong(node, "saying() takes a value, and what is said with it")
    start = len(compiler.tests)
    with compiler.tested():
        for beside in node.args[1:]:
            compiler.atom(compiler.visit(beside))
    del compiler.tests[start:]  # it is carried nowhere
    return compiler.visit(node.args[0], expected)


def _cleared(compiler: Expression, node: ast.Call, expected: Type | None) -> Value:  # noqa: ARG001
    pointer = _literal(node, 0, "the pointer")
    root = compiler.names.root
    nulls = root.type.node.properties.get("explicitNulls") if root is not None else None  # type: ignore[union-attr]
    if root is None or nulls is None:
        raise Wrong(node, "the input's schema does not tell explicit nulls: it has no `explicitNulls`")
    found = compiler.member(root, str(nulls), node)
    return Value(f"({pointer!r} in {found.code})", BOOL, atom=False)
