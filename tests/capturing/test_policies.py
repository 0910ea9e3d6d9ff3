"""What a policy says of what was sent, and which settings ask for it."""

from __future__ import annotations

from pytest_sentryintegration.capturing.policies import Policies
from pytest_sentryintegration.settings import Settings
from tests.words.inboxes import Received


def test_a_failure_for_an_unexpected_event_does_not_show_a_secret_of_the_run() -> None:
    received = Received()
    received.message("the key is hunter2")
    settings = Settings(unexpected="fail", secrets=("hunter2",))

    unexpected, secret = Policies(settings, set()).check(received.reader)

    assert (unexpected.setting, secret.setting) == ("sentry_unexpected", "sentry_secrets")
    assert "'the key is ***'" in unexpected.text
    assert "hunter2" not in unexpected.text + secret.text + "".join(unexpected.entries)


def test_what_is_unexpected_comes_with_the_lines_that_allow_it() -> None:
    received = Received()
    received.message("out of tea")
    received.error(("shop.CartError", "empty"))
    received.error(("shop.CartError", "full"))

    (violation,) = Policies(Settings(unexpected="warn"), set()).check(received.reader)

    assert (violation.policy, violation.entries) == ("warn", ("re:^out of tea$", "shop.CartError"))
