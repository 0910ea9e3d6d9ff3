"""What a type checker finds wrong in the use of the facade: an ignored error that is none fails the check."""

# pyright: reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from sentryintegration import capture_message, finish_transaction, init, set_tag, start_transaction, traced

capture_message("text", tags=3)  # type: ignore[arg-type]
capture_message("text", {"a": "b"})  # type: ignore[arg-type]
capture_message("text", "warn", {"a": "b"})  # type: ignore[call-arg]
start_transaction("name")  # type: ignore[call-overload]
start_transaction(name=3)  # type: ignore[call-overload]
start_transaction(trace_id=3)  # type: ignore[call-overload]
finish_transaction("t")  # type: ignore[arg-type]
set_tag("only key")  # type: ignore[call-arg]
init(traces_sample_rate="1.0")  # type: ignore[arg-type]


@traced
def plain(a: int) -> int:
    return a


plain("text")  # type: ignore[arg-type]
