"""Ingest: the endpoints of Sentry and the faults that a test may ask for.

`app.Ingest` takes a `request.Request`, keeps what it holds in the store, and returns a `request.Reply`.
Knows HTTP's words but no sockets, and never looks into payloads.
"""
