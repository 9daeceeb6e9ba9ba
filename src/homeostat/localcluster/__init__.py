"""A whole cluster in one object: API server, built-in controllers, nodes and pods."""
