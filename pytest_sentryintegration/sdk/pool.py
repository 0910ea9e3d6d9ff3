"""Takes the place of a transport's pool of connections: where it posts, whatever its class overrides."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from pytest_sentryintegration.sdk.posting import Answer, HttpcoreAnswer


class Pool:
    """Answers as the pool of urllib3 or httpcore that it takes the place of.

    Args:
        post: delivers path, headers and body; ``None`` as the answer: the real pool is wanted.
        real: returns that pool.
    """

    def __init__(
        self, post: Callable[[str, dict[str, str], bytes], Answer | None], real: Callable[[], Any]
    ) -> None:
        self._post = post
        self._real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real(), name)

    def request(self, method: str, url: str, **kwargs: Any) -> Any:
        """POST what urllib3 calls ``body`` and httpcore ``content``, and answer as the one that is asked."""
        # Without the path of the DSN, which may name another test's inbox.
        path = url[max(0, url.rfind("/api/")) :]
        body = kwargs.get("content", kwargs.get("body"))
        answer = self._post(path, dict(kwargs.get("headers") or {}), body or b"")
        if answer is None:
            return self._real().request(method, url, **kwargs)
        if "content" not in kwargs:
            return answer
        converted = HttpcoreAnswer.of(answer)
        is_async = inspect.iscoroutinefunction(getattr(self._real(), "request", None))
        return _awaitable(converted) if is_async else converted

    urlopen = request


async def _awaitable(answer: HttpcoreAnswer) -> HttpcoreAnswer:
    return answer
