"""The wire: Sentry's ingestion protocol as bytes and plain objects.

One module a subject: `envelope` frames, `strict_json` and `encodings` decode, `auth` and `dsn` say who is
sending, `categories`, `limits` and `rate_limits` say what is let in, `containers` and `otlp` open what holds
several elements. `refusal` is how all of them say no.

Knows nothing of sockets, HTTP frameworks, pytest or sentry_sdk.
"""
