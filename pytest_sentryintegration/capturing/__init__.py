"""One inbox for the length of a ``with``: server, SDK, environment and events together."""

from pytest_sentryintegration.sdk.internals import require

# Before any module of this room imports what the SDK may not have: one sentence instead of its traceback.
require()
