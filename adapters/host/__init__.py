"""The agency's host process: takes orders, verifies them, asks the connector, seals answers."""
