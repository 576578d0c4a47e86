import asyncio
import uuid
from collections.abc import Callable
from typing import TypeVar

import pytest
from confluent_kafka.schema_registry import Schema, SchemaReference, SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.serialization import MessageField, SerializationContext

from connectors.registry.client import RegistryClient
from schemas.avro.codec import Codec
from schemas.avro.schema import Schema as OwnSchema
from schemas.avro.wire import unframe
from tests.conftest import Kafka
from tests.support.registry_gateway import gateway

pytestmark = pytest.mark.kafka
T = TypeVar("T")

CITY = '{"type":"record","name":"City","namespace":"g","fields":[{"name":"name","type":"string"}]}'
SHIPMENT = (
    '{"type":"record","name":"Shipment","namespace":"g","fields":[{"name":"id","type":"string"},'
    '{"name":"to","type":"City"}]}'
)


@pytest.fixture
def topic() -> str:
    """A registry of the test's own on the shared Kafka."""
    return f"_schemas-{uuid.uuid4().hex[:8]}"


async def blocking(work: Callable[[SchemaRegistryClient], T], url: str) -> T:
    """Run the client, which blocks, beside the loop."""

    def run() -> T:
        with SchemaRegistryClient({"url": url}) as client:
            return work(client)

    return await asyncio.to_thread(run)


async def test_serializer_and_deserializer_of_confluent_work(kafka: Kafka, topic: str) -> None:
    """What Confluent's serializer writes, its deserializer and our own codec read."""

    def round_trip(client: SchemaRegistryClient) -> tuple[bytes, object]:
        context = SerializationContext("cities", MessageField.VALUE)
        raw = AvroSerializer(client, CITY)({"name": "Aktau"}, context)
        return raw, AvroDeserializer(client)(raw, context)

    async with gateway(kafka.bootstrap, topic) as (_, http):
        url = str(http.base_url)
        raw, value = await blocking(round_trip, url)
        assert value == {"name": "Aktau"}
        schema_id, body = unframe(raw)
        async with RegistryClient(url) as own:
            codec = Codec(OwnSchema.parse(await own.schema(schema_id)))
        assert codec.decode(bytes(body)) == {"name": "Aktau"}


async def test_client_of_confluent_manages_subjects(kafka: Kafka, topic: str) -> None:
    """Every method of the client that has a meaning for Avro works, references and deletes among them."""

    def manage(client: SchemaRegistryClient) -> None:
        first = client.register_schema("city", Schema(CITY, "AVRO"))
        reference = SchemaReference("g.City", "city", 1)
        shipment = Schema(SHIPMENT, "AVRO", [reference])
        second = client.register_schema("shipment", shipment)
        assert [first, second] == [1, 2]
        assert client.get_schema(second).references == [reference]
        assert client.lookup_schema("shipment", shipment).version == 1
        assert client.get_latest_version("city").schema_id == first
        assert client.get_version("city", 1).schema.schema_str == CITY
        assert sorted(client.get_subjects()) == ["city", "shipment"]
        assert client.get_versions("city") == [1]
        client.set_compatibility("city", "FULL")
        assert client.get_compatibility("city") == "FULL"
        worse = Schema(CITY.replace('"string"', '"int"'), "AVRO")
        assert not client.test_compatibility("city", worse)
        with pytest.raises(SchemaRegistryError) as refused:
            client.register_schema("city", worse)
        assert refused.value.http_status_code == 409
        with pytest.raises(SchemaRegistryError) as referenced:
            client.delete_subject("city")
        assert referenced.value.error_code == 42206
        assert client.delete_subject("shipment") == [1]
        assert client.delete_subject("shipment", permanent=True) == [1]
        assert client.delete_version("city", 1) == 1

    async with gateway(kafka.bootstrap, topic) as (_, http):
        await blocking(manage, str(http.base_url))
