"""The exchange: rules, flow, broker, store, daemons, HTTP and the command line."""
