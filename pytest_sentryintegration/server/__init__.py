"""The running fake Sentry: the thread that serves its port, and store, ingest and server together."""
