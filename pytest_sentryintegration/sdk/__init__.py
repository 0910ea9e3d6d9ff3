"""The application's own sentry_sdk: redirected, drained, put back. The only room that touches it.

- `internals`: what is needed of it that Sentry does not document.
- `unsupported`: what happens where that is missing.
- `hook`: notices the import of sentry_sdk, and costs nothing before it.
- `redirect`: every client sends to the fake, however and whenever it was made.
- `exporting`: OpenTelemetry's exporter, redirected too.
- `stacklevels`: wrappers that leave the SDK's warnings in their module.
- `transport`, `worker`, `pool`, `posting`: the SDK's own transport, or the application's class, with a worker
  and a connection of the plugin's.
- `detaching`: the SDK's helper threads and buffers, kept apart from tests.
- `ownership`: which test something belongs to.
- `installing`: what integrations install once a process, installed again where a test needs it.
- `scopes`: each test starts from forks of the application's scopes.
- `clients`: the client of a test, and which clients must be closed when.
- `draining`: everything that the SDK holds back, sent now.
"""

# Read by `draining` only, but this package is imported with the plugin: later a test may have frozen the
# clock that it counts from.
from pytest_sentryintegration import clock as clock
