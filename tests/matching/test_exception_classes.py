from __future__ import annotations

from types import SimpleNamespace

import pytest

from pytest_sentryintegration.matching.exception_classes import (
    any_is_named,
    is_instance,
    wire_names,
    without_notes,
)


class ShopError(Exception):
    pass


class CartError(ShopError):
    class Nested(Exception):
        pass


def sent(name: str, module: str | None = None) -> SimpleNamespace:
    return SimpleNamespace(type=name, module=module)


@pytest.mark.parametrize(
    ("name", "module", "cls"),
    [
        ("ValueError", None, ValueError),
        ("ValueError", "builtins", ValueError),
        ("KeyError", None, LookupError),
        ("KeyError", None, Exception),
        ("ShopError", __name__, ShopError),
        ("CartError", __name__, ShopError),
        ("CartError.Nested", __name__, CartError.Nested),
        ("Nested", __name__, CartError.Nested),
    ],
)
def test_a_class_matches_its_name_and_module(name: str, module: str | None, cls: type[Exception]) -> None:
    assert is_instance(sent(name, module), cls)
    assert any_is_named([sent("Other"), sent(name, module)], wire_names(cls))


@pytest.mark.parametrize(
    ("name", "module", "cls"),
    [
        ("ValueError", "shop", ValueError),
        ("ShopError", None, ShopError),
        ("ShopError", "other", ShopError),
        ("ShopError", __name__, CartError),
        ("LookupError", None, KeyError),
        ("Unheard", None, Exception),
    ],
)
def test_a_class_does_not_match_others(name: str, module: str | None, cls: type[Exception]) -> None:
    assert not is_instance(sent(name, module), cls)
    assert not any_is_named([sent(name, module)], wire_names(cls))


def test_nothing_sent_matches_no_class() -> None:
    assert not any_is_named([], wire_names(Exception))


def test_what_is_no_exception_matches_no_class() -> None:
    assert not is_instance("ValueError", ValueError)


def test_a_class_defined_in_a_function_matches() -> None:
    class LocalError(Exception):
        pass

    assert is_instance(sent(LocalError.__qualname__, __name__), LocalError)


def test_notes_are_left_off_line_by_line() -> None:
    assert list(without_notes("boom\none\ntwo")) == ["boom\none\ntwo", "boom\none", "boom"]


def test_a_value_with_thousands_of_lines_is_not_tried_in_every_length() -> None:
    assert len(list(without_notes("\n" * 100_000))) == 33
