"""No client of the process reaches the real Sentry, without a capture and without pytest."""

from __future__ import annotations

from pytest_sentryintegration.capturing.sharing import Shared, hold, let_go


class guard:  # noqa: N801
    """Let no SDK client of this process, and of its forks, reach the real Sentry, whatever its DSN.

    It holds from the call on: until the end of the ``with``, or for good without one. What clients send is
    accepted and discarded, unless it is sent inside a `capture`. Other processes are not guarded.

    >>> import sentry_sdk
    >>> with guard():
    ...     client = sentry_sdk.Client("https://key@sentry.example/1")
    ...     client.close()
    """

    def __init__(self) -> None:
        self._held: Shared | None = hold()
        self._held.delivery.guards += 1
        self._held.redirect.install()

    def __enter__(self) -> guard:
        return self

    def __exit__(self, *_: object) -> None:
        held, self._held = self._held, None
        if held is not None:
            held.delivery.guards -= 1
            let_go()
