"""One inbox for the length of a ``with``: server, SDK, environment and events together."""
