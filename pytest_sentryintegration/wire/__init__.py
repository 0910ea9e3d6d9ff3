"""The wire: Sentry's ingestion protocol as bytes and plain objects.

One module a subject: `envelope` parses and writes envelopes, `strict_json` and `encodings` decode, `auth` and
`dsn` read the sender's key and project, `categories`, `limits` and `rate_limits` hold the rules of
acceptance, `containers` and `otlp` read items with several elements. All of them raise `refusal.Refusal`.
`unwrapping` shows bytes through the encodings that applications put around them; `streams` and `escapes` undo
these.

Knows nothing of sockets, HTTP frameworks, pytest or sentry_sdk.
"""
