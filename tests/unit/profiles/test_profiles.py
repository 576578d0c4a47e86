import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from schemas import profiles
from schemas.avro.codec import Codec
from schemas.avro.jsonform import JsonForm
from schemas.avro.lint import profile as lint
from schemas.codes.identifiers import CHECKS
from schemas.codes.lists import CodeLists
from schemas.errors import Invalid, Misconfigured

pytestmark = pytest.mark.system("dlp", "dtc", "epermit", "oil", "port", "vessel")

EXAMPLES = [(name, example) for name in profiles.names() for example in profiles.load(name).examples]
REFUSED = [(name, example) for name in profiles.names() for example in profiles.load(name).refused]
CODES = CodeLists.load()


def fields(schema: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - plain JSON
    """Every field of every record in the JSON of a schema."""
    if isinstance(schema, list):
        for branch in schema:
            yield from fields(branch)
    elif isinstance(schema, dict):
        for field in schema.get("fields", []):
            yield field
            yield from fields(field["type"])
        yield from fields(schema.get("items"))


def leaves(schema: Any, value: Any) -> Iterator[tuple[dict[str, Any], str]]:  # noqa: ANN401 - plain JSON
    """Every text in a JSON value together with its field."""
    if isinstance(schema, list):
        schema = schema[1]
    if schema.get("type") == "array":
        for item in value:
            yield from leaves(schema["items"], item)
    for field in schema.get("fields", []):
        inner = value.get(field["name"])
        if isinstance(inner, str):
            yield field, inner
        elif inner is not None:
            yield from leaves(resolve(field["type"]), inner)


def resolve(schema: Any) -> Any:  # noqa: ANN401 - plain JSON
    """Follow names of types; the few that profiles use are found by name over all profiles."""
    if isinstance(schema, str):
        return NAMED.get(schema, {})
    if isinstance(schema, list):
        return resolve(schema[1])
    if schema.get("type") == "array":
        return {"type": "array", "items": resolve(schema["items"])}
    return schema


def named(schema: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - plain JSON
    """Every named type of a schema."""
    if isinstance(schema, list):
        for branch in schema:
            yield from named(branch)
    elif isinstance(schema, dict):
        if "name" in schema and "fields" in schema:
            yield schema["name"], schema
        for field in schema.get("fields", []):
            yield from named(field["type"])
        yield from named(schema.get("items"))


NAMED: dict[str, Any] = dict(named(json.loads(profiles.load("dtc.note.v1").text)))


@pytest.mark.parametrize("name", profiles.names())
def test_schema_keeps_the_rules_for_profiles(name: str) -> None:
    """A profile's schema is safe, has a doc on every field and no union but null and one type."""
    assert lint(profiles.load(name).text) == []


@pytest.mark.parametrize("name", profiles.names())
def test_code_lists_and_identifiers_exist(name: str) -> None:
    """Every code list, identifier and pattern that a schema names is one that there is."""
    for field in fields(json.loads(profiles.load(name).text)):
        assert field.get("codeList", "stations") in CODES.names, field["name"]
        assert field.get("identifier", "esr") in CHECKS, field["name"]
        re.compile(field.get("pattern", ""))


@pytest.mark.parametrize("name", profiles.names())
def test_numbers_have_a_unit(name: str) -> None:
    """Every quantity says its unit: in the schema, or in a field beside it."""
    plain = {"noteVersion", "seq", "eventVersion", "modeOfTransportCode", "version", "source_sequence"}
    plain |= {"permit_year", "permit_type"}
    beside = {"quantity", "original_quantity", "contract_date"}
    for field in fields(json.loads(profiles.load(name).text)):
        inner = field["type"][1] if isinstance(field["type"], list) else field["type"]
        kind = inner.get("type") if isinstance(inner, dict) else inner
        if kind in {"int", "long", "bytes"} and field["name"] not in plain | beside:
            assert field.get("unit"), field["name"]


@pytest.mark.parametrize(("name", "example"), EXAMPLES)
def test_examples_are_read_and_written_back(name: str, example: str) -> None:
    """An example is valid, and comes back from Avro as the same JSON, defaults added."""
    profile = profiles.load(name)
    form = JsonForm(profile.schema)
    message = profile.examples[example]
    body = form.to_avro(json.dumps(message).encode())
    back = json.loads(form.from_datum(Codec(profile.schema).decode(body)))
    assert back | message == back
    assert set(back) - set(message) <= {"references", "seals", "cargo"}


@pytest.mark.parametrize(("name", "example"), EXAMPLES)
def test_examples_have_valid_identifiers(name: str, example: str) -> None:
    """Identifiers and codes in the examples pass their check digit, pattern and code list."""
    profile = profiles.load(name)
    found = 0
    for field, value in leaves(json.loads(profile.text), profile.examples[example]):
        if "identifier" in field:
            assert CHECKS[field["identifier"]](value) is None, (field["name"], value)
            found += 1
        if "codeList" in field:
            key = (
                value if field["name"] != "eventCode" else f"{profile.examples[example]['eventType']}/{value}"
            )
            assert CODES.known(field["codeList"], key), (field["name"], value)
            found += 1
        pattern = (
            field.get("pattern", "")
            .replace("dd.MM.yyyy", r"\d\d\.\d\d\.\d{4}")
            .replace("HH:mm", r"\d\d:\d\d")
        )
        if pattern:
            assert re.fullmatch(pattern, value), (field["name"], value)
    assert found or name == profiles.CANONICAL


@pytest.mark.parametrize(("name", "example"), REFUSED)
def test_refused_examples_name_field_and_rule(name: str, example: str) -> None:
    """An invalid example is refused with the code and the pointer that its file promises."""
    refused = profiles.load(name).refused[example]
    with pytest.raises(Invalid) as error:
        JsonForm(profiles.load(name).schema).to_avro(json.dumps(refused.message).encode())
    assert (error.value.code, error.value.pointer) == (refused.code, refused.pointer)


@pytest.mark.parametrize("name", [n for n in profiles.names() if n != profiles.CANONICAL])
def test_participants_profiles_are_whole(name: str) -> None:
    """A profile that a participant speaks has its HTTP side, both mappings and examples."""
    profile = profiles.load(name)
    assert profile.http is not None
    assert set(profile.mappings) == {"to_corridor", "from_corridor"}
    assert profile.examples
    assert profile.refused


def test_unknown_profile_is_refused_with_a_suggestion() -> None:
    """A name that is no profile is a configuration error that names the nearest one."""
    with pytest.raises(Misconfigured, match=r"did you mean 'dtc\.note\.v1'"):
        profiles.load("dtc.note.v2")


def test_a_profile_may_come_from_any_directory(tmp_path: Path) -> None:
    """An integrator's directory is read like ours, and what is wrong in it is named by file."""
    own = tmp_path / "port.call.v1"
    own.mkdir()
    with pytest.raises(Misconfigured, match=r"port\.call\.v1/schema\.avsc: no UTF-8 file"):
        profiles.read(own)
    schema = {
        "type": "record",
        "name": "v1",
        "namespace": "port.call",
        "fields": [{"name": "imo", "type": "string"}],
    }
    (own / "schema.avsc").write_text(json.dumps(schema))
    assert profiles.read(own).schema.record.fullname == "port.call.v1"
    (own / "http.yaml").write_text("doc: x\nmedia: y\n")
    with pytest.raises(Misconfigured, match=r"port\.call\.v1/http\.yaml: Object"):
        profiles.read(own)
    (own / "http.yaml").unlink()
    (own / "schema.avsc").write_text(json.dumps(schema | {"name": "v2"}))
    with pytest.raises(Misconfigured, match=r"its name is 'port\.call\.v2'"):
        profiles.read(own)
