import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from connectors.registry.app import registry_app
from schemas.registry.records import Entry, SchemaValue, encode
from tests.support.memory_registry import MemoryRegistry

CITY = '{"type":"record","name":"City","namespace":"g","fields":[{"name":"name","type":"string"}]}'
WORSE = CITY.replace('"string"', '"int"')


@pytest.fixture
def registry() -> MemoryRegistry:
    """An empty registry."""
    return MemoryRegistry()


@pytest.fixture
async def http(registry: MemoryRegistry) -> AsyncIterator[httpx.AsyncClient]:
    """Its client."""
    transport = httpx.ASGITransport(registry_app(registry))
    async with httpx.AsyncClient(transport=transport, base_url="http://registry") as client:
        yield client


async def register(http: httpx.AsyncClient, subject: str, schema: str = CITY, **more: object) -> Any:  # noqa: ANN401
    """Register a schema and give the answer."""
    response = await http.post(f"/subjects/{subject}/versions", json={"schema": schema, **more})
    assert response.status_code == 200, response.text
    return response.json()


async def test_subject_without_a_context_is_found_in_any(http: httpx.AsyncClient) -> None:
    """Reading and looking up search all contexts for it; naming another context searches that one only."""
    await register(http, ":.ctx:city")
    read = (await http.get("/subjects/city/versions/1")).json()
    assert read["subject"] == ":.ctx:city"
    assert (await http.post("/subjects/city", json={"schema": CITY})).json()["subject"] == ":.ctx:city"
    assert (await http.get("/schemas/ids/1?subject=city")).json()["subject"] == ":.ctx:city"
    assert (await http.get("/schemas/ids/1?subject=:.other:city")).json()["error_code"] == 40403
    assert (await http.get("/subjects/:.other:city/versions/1")).json()["error_code"] == 40401
    assert (await http.post("/subjects/city", json={"schema": WORSE})).json()["error_code"] == 40401


async def test_id_is_read_in_the_context_of_the_subject(http: httpx.AsyncClient) -> None:
    """The same id is another schema in another context; the subject says which is meant."""
    await register(http, "city")
    await register(http, ":.ctx:town", WORSE)
    schemas = {s: (await http.get(f"/schemas/ids/1?subject={s}")).json()["schema"] for s in ("city", "town")}
    assert schemas == {"city": CITY, "town": WORSE}
    assert (await http.get("/schemas/ids/1/subjects?subject=town")).json() == [":.ctx:town"]


async def test_settings_of_all_contexts_are_inherited_but_shown_only_where_they_are(
    http: httpx.AsyncClient,
) -> None:
    """``.__GLOBAL`` holds where nothing nearer is set; reading a place shows its own settings."""
    await http.put("/config/:.__GLOBAL:", json={"compatibility": "NONE"})
    await http.put("/mode/:.__GLOBAL:", json={"mode": "READONLY"})
    assert (await http.get("/config")).json() == {"compatibilityLevel": "BACKWARD"}
    assert (await http.get("/mode")).json() == {"mode": "READWRITE"}
    for place in ("/config?", "/config/s?", "/config/:.ctx:s?"):
        answer = (await http.get(f"{place}defaultToGlobal=true")).json()
        assert answer == {"compatibilityLevel": "NONE"}
    assert (await http.get("/mode/s?defaultToGlobal=true")).json() == {"mode": "READONLY"}
    refused = await http.post("/subjects/s/versions", json={"schema": CITY})
    assert refused.json()["error_code"] == 42205


async def test_nearest_configuration_holds(http: httpx.AsyncClient) -> None:
    """A subject's own configuration takes ``normalize`` from the registry's, but not its level."""
    await http.put("/config", json={"compatibility": "NONE", "normalize": True})
    await http.put("/config/s", json={"validateFields": True})
    assert (await http.get("/config/s?defaultToGlobal=true")).json() == {
        "compatibilityLevel": "BACKWARD",
        "normalize": True,
        "validateFields": True,
    }
    assert (await http.get("/config/other?defaultToGlobal=true")).json()["compatibilityLevel"] == "NONE"


async def test_latest_is_the_newest_that_is_not_deleted(http: httpx.AsyncClient) -> None:
    """Also when deleted versions are asked for, and for deleting."""
    await register(http, "s")
    await http.put("/config/s", json={"compatibility": "NONE"})
    await register(http, "s", WORSE)
    await http.delete("/subjects/s/versions/2")
    assert (await http.get("/subjects/s/versions/latest?deleted=true")).json()["version"] == 1
    assert (await http.delete("/subjects/s/versions/latest")).json() == 1
    for method in ("GET", "DELETE"):
        answer = await http.request(method, "/subjects/s/versions/latest?deleted=true")
        assert answer.json() == {"error_code": 40402, "message": "Version -1 not found."}


@pytest.mark.parametrize("mode", ["IMPORT", "FORWARD"])
async def test_import_is_kept_as_it_comes(http: httpx.AsyncClient, mode: str) -> None:
    """The same schema under two versions stays two; nothing is taken over from the version before."""
    await http.put("/mode/s", json={"mode": mode})
    metadata = {"properties": {"owner": "x"}}
    await register(http, "s", id=7, version=1, metadata=metadata)
    await register(http, "s", WORSE, id=8, version=2)
    await register(http, "s", WORSE, id=8, version=4)
    assert (await register(http, "s", WORSE, id=8, version=4))["version"] == 4
    assert (await http.get("/subjects/s/versions")).json() == [1, 2, 4]
    assert "metadata" not in (await http.get("/subjects/s/versions/2")).json()


async def test_version_that_is_asked_for_is_registered_again(http: httpx.AsyncClient) -> None:
    """With a version, content that is there already becomes that version, under its id."""
    await register(http, "s")
    again = await register(http, "s", version=2)
    assert (again["id"], again["version"]) == (1, 2)


async def test_reserved_fields_are_refused_in_words(http: httpx.AsyncClient) -> None:
    """Registering and checking both refuse a field whose name is set aside, and giving a name up."""
    await http.put("/config/s", json={"validateFields": True, "compatibility": "NONE"})
    reserved = {"properties": {"confluent:reserved": "population"}}
    await register(http, "s", metadata=reserved)
    taken = CITY.replace('"fields":[', '"fields":[{"name":"population","type":"int"},')
    body = {"schema": taken, "metadata": reserved}
    refused = await http.post("/subjects/s/versions", json=body)
    assert refused.status_code == 409
    said = "The new schema has field that conflicts with the reserved field population."
    assert said in refused.json()["message"]
    checked = await http.post("/compatibility/subjects/s/versions/latest?verbose=true", json=body)
    assert checked.json() == {
        "is_compatible": False,
        "messages": [said, "{validateFields: 'true', compatibility: 'NONE'}"],
    }
    dropped = await http.post("/subjects/s/versions", json={"schema": CITY, "metadata": {"tags": {}}})
    assert dropped.status_code == 200, "metadata without anything in it is none, and is taken over"
    dropped = await http.post(
        "/subjects/s/versions", json={"schema": taken, "metadata": {"properties": {"owner": "x"}}}
    )
    assert "reserved field population removed" in dropped.json()["message"]


async def test_verbose_check_of_an_invalid_schema_says_why(http: httpx.AsyncClient) -> None:
    """With ``verbose`` an invalid schema is an answer, without it a refusal."""
    place = "/compatibility/subjects/s/versions"
    answer = (await http.post(f"{place}?verbose=true", json={"schema": "{}"})).json()
    assert answer["is_compatible"] is False
    assert "Invalid schema" in answer["messages"][0]
    assert (await http.post(place, json={"schema": "{}"})).json()["error_code"] == 42201


async def test_listing_finds_aliases_prefixes_and_rules(
    http: httpx.AsyncClient, registry: MemoryRegistry
) -> None:
    """``GET /schemas`` knows subjects by their aliases, takes several prefixes, and filters by rule type."""
    await register(http, "city")
    await register(http, "port", WORSE)
    await http.put("/config/town", json={"alias": "city"})

    async def listed(query: str) -> list[Any]:
        return [(v["subject"], v.get("aliases")) for v in (await http.get(f"/schemas?{query}")).json()]

    assert await listed("subjectPrefix=town") == []
    assert await listed("subjectPrefix=town&aliases=true") == [("city", ["town"])]
    assert await listed("subjectPrefix=ci&subjectPrefix=po") == [("city", None), ("port", None)]
    rules = {"domainRules": [{"name": "r", "type": "CEL"}]}
    foreign = SchemaValue("ruled", 1, 9, '"int"', rules=rules)  # only other registries store rules
    key, value = encode(Entry(foreign.key, foreign))
    registry.state.apply(Entry(foreign.key, foreign), len(registry.log))
    registry.log.append((key, value))
    assert await listed("ruleType=CEL") == [("ruled", None)]
    assert await listed("ruleType=CEL_FIELD") == []


async def test_references_are_qualified_on_request(http: httpx.AsyncClient) -> None:
    """In a context other than the default one ``referenceFormat=qualified`` names it in every reference."""
    await register(http, ":.ctx:city")
    reference = {"name": "g.City", "subject": "city", "version": 1}
    await register(http, ":.ctx:cities", '{"type":"array","items":"g.City"}', references=[reference])
    for place in ("/subjects/:.ctx:cities/versions/1", "/schemas/ids/2?subject=:.ctx:cities"):
        plain = (await http.get(place)).json()["references"]
        asked = httpx.URL(place).copy_merge_params({"referenceFormat": "qualified"})
        qualified = (await http.get(asked)).json()["references"]
        assert plain == [reference]
        assert qualified == [{**reference, "subject": ":.ctx:city"}]


async def test_tagged_records_and_fields_are_found(http: httpx.AsyncClient) -> None:
    """``findTags`` names what carries one of the tags, or any with ``*``, in nested records too."""
    inner = {
        "type": "record",
        "name": "Person",
        "confluent:tags": ["PII"],
        "fields": [{"name": "name", "type": "string", "confluent:tags": ["PII", "NAME"]}],
    }
    people = {"type": "array", "items": inner}
    outer = {"type": "record", "name": "Crew", "namespace": "g", "fields": [{"name": "of", "type": people}]}
    await register(http, "crew", json.dumps(outer))

    async def found(query: str) -> list[tuple[str, str]]:
        tags = (await http.get(f"/subjects/crew/versions/1?{query}")).json()["schemaTags"]
        return [(each["schemaEntity"]["entityPath"], each["schemaEntity"]["entityType"]) for each in tags]

    record, field = ("g.Person", "sr_record"), ("g.Person.name", "sr_field")
    assert await found("findTags=*") == [record, field]
    assert await found("findTags=NAME&findTags=OTHER") == [field]
    assert await found("findTags=OTHER") == []
    by_id = (await http.get("/schemas/ids/1?findTags=NAME")).json()["schemaTags"]
    assert by_id == [
        {
            "schemaEntity": {"entityPath": "g.Person.name", "entityType": "sr_field"},
            "tags": ["PII", "NAME"],
        }
    ]


async def test_empty_context_is_deleted(http: httpx.AsyncClient) -> None:
    """204 once nothing is in it, 42211 before."""
    await register(http, ":.ctx:s")
    assert (await http.delete("/contexts/.ctx")).json()["error_code"] == 42211
    await http.delete("/subjects/:.ctx:s")
    await http.delete("/subjects/:.ctx:s?permanent=true")
    gone = await http.delete("/contexts/.ctx")
    assert (gone.status_code, gone.content) == (204, b"")
    assert (await http.get("/contexts")).json() == ["."]


async def test_recursive_schemas_are_taken_on_request() -> None:
    """A registry may be set to take them; cycles that cannot be compared in bounded time are too large."""

    def cycle(length: int, last: str) -> str:
        fields = [{"name": name, "type": "R0"} for name in "ab"] + [{"name": last, "type": "int"}]
        record: dict[str, Any] = {"type": "record", "name": f"R{length}", "fields": fields}
        for number in reversed(range(length)):
            pair = [{"name": "a", "type": record}, {"name": "b", "type": f"R{number + 1}"}]
            record = {"type": "record", "name": f"R{number}", "fields": pair}
        return json.dumps(record)

    transport = httpx.ASGITransport(registry_app(MemoryRegistry(recursive=True)))
    async with httpx.AsyncClient(transport=transport, base_url="http://registry") as http:
        tree = '{"type":"record","name":"T","fields":[{"name":"left","type":["null","T"]}]}'
        await register(http, "tree", tree)
        await register(http, "tree", tree.replace('"T","fields"', '"T","doc":"A tree.","fields"'))
        refused = await http.post(
            "/subjects/bare/versions", json={"schema": '{"type":"array","items":"null"}'}
        )
        assert refused.json()["error_code"] == 42201, "the other rules of the lint still hold"
        await register(http, "cycle", cycle(8, "x"))
        endless = await http.post("/subjects/cycle/versions", json={"schema": cycle(9, "y")})
        assert endless.json()["error_code"] == 42209
