"""The HTTP face: operator API on a Unix socket, health and metrics on TCP."""
