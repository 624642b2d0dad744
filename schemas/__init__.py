"""The wire contract: Avro schemas, code tables, one loader, and the shape of an error."""
