"""Outside pytest: capture for the length of a ``with``, and let no client reach the real Sentry."""

from __future__ import annotations

import warnings
from typing import Any

from pytest_sentryintegration.capturing.capture import Capture
from pytest_sentryintegration.capturing.sharing import Shared, hold, let_go
from pytest_sentryintegration.inbox.events import SentryEvents

__unittest = True  # hides the frames of this module in unittest's tracebacks


class capture:  # noqa: N801
    """Capture what is sent to Sentry inside the ``with``, without pytest.

    Args:
        **options: options of ``sentry_sdk.init``, laid over the application's, and those of the marker
            ``sentry``: ``transport="memory"`` opens no socket; ``unexpected``, ``invalid`` and ``allow`` are
            checked at the end, unless the body has raised.

    Raises:
        SettingError: for an option that does not exist.
        AssertionError: at the end, for what a policy ``fail`` does not allow.

    >>> import sentry_sdk
    >>> with capture(unexpected="fail") as sentry_events:
    ...     _ = sentry_sdk.capture_message("hello")
    ...     sentry_events.messages.find("hello").level
    'info'
    """

    def __init__(self, **options: Any) -> None:
        self._options = options
        self._capture: Capture | None = None

    def __enter__(self) -> SentryEvents:
        if self._capture is not None:
            raise RuntimeError("this capture has begun already: write capture(...) anew for each")
        common = hold()
        try:
            self._capture = Capture(
                common,
                common.delivery.settings,
                options=self._options,
                defaults={"traces_sample_rate": 1.0},
                allowing="capture",
            )
            return self._capture.__enter__()
        except BaseException:
            self._capture = None
            let_go()
            raise

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        __tracebackhide__ = True
        ended, self._capture = self._capture, None
        assert ended is not None
        try:
            violations = ended.check() if kind is None else []
        finally:
            try:
                ended.__exit__(kind, error, traceback)
            finally:
                let_go()
        for violation in violations:
            if violation.policy == "warn":
                warnings.warn(violation.text, stacklevel=2)
        failures = [violation.text for violation in violations if violation.policy == "fail"]
        if failures:
            raise AssertionError("\n\n".join(failures))


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
