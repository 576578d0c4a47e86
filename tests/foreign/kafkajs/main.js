// Uses the schema registry at the address given as the first argument as a Node service would.
import assert from "node:assert/strict"
import registry from "@kafkajs/confluent-schema-registry"

const { SchemaRegistry, SchemaType, COMPATIBILITY } = registry
const client = new SchemaRegistry({ host: process.argv[2], retry: { retries: 0 } })

const city = {
  type: "record",
  name: "City",
  namespace: "g",
  fields: [{ name: "name", type: "string" }],
}
const older = { type: SchemaType.AVRO, schema: JSON.stringify(city) }
const newer = {
  type: SchemaType.AVRO,
  schema: JSON.stringify({
    ...city,
    fields: [...city.fields, { name: "code", type: ["null", "string"], default: null }],
  }),
}
const options = { subject: "js/city", compatibility: COMPATIBILITY.BACKWARD }

const { id } = await client.register(older, options)
assert.equal((await client.register(older, options)).id, id)
const next = await client.register(newer, options)
assert.notEqual(next.id, id)
assert.equal(await client.getLatestSchemaId("js/city"), next.id)
assert.equal(await client.getRegistryId("js/city", 1), id)

const raw = await client.encode(id, { name: "Aktau" })
assert.equal(raw[0], 0)
assert.equal(raw.readInt32BE(1), id)
const decoded = await client.decode(raw)
assert.equal(decoded.name, "Aktau")

const broken = {
  type: SchemaType.AVRO,
  schema: JSON.stringify({ ...city, fields: [{ name: "name", type: "int" }] }),
}
await assert.rejects(client.register(broken, options), /incompatible/i)
await assert.rejects(client.getSchema(999999), /not found/i)

const shipment = {
  type: SchemaType.AVRO,
  schema: JSON.stringify({
    type: "record",
    name: "Shipment",
    namespace: "g",
    fields: [{ name: "to", type: "g.City" }],
  }),
  references: [{ name: "g.City", subject: "js/city", version: 1 }],
}
const whole = await client.register(shipment, { subject: "js/shipment" })
const sent = await client.encode(whole.id, { to: { name: "Baku" } })
assert.equal((await client.decode(sent)).to.name, "Baku")
console.log("ok")
