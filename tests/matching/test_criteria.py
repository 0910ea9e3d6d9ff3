from __future__ import annotations

import re
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, NamedTuple
from unittest import mock

import dirty_equals
import pytest

from pytest_sentryintegration.matching import CriterionError, Difference, differences
from pytest_sentryintegration.matching.showing import MISSING


@dataclass
class Thing:
    level: str = "error"
    message: str | None = "boom"
    tags: dict[str, Any] = field(default_factory=lambda: {"graph": "g1", "region": "eu"})
    rows: int = 3
    crumbs: list[Any] = field(default_factory=list)
    payload: bytes = b"bytes"

    def method(self) -> None: ...

    @property
    def shown(self) -> str:
        return "property"


def texts(**criteria: Any) -> list[str]:
    return [difference.text for difference in differences(Thing(), criteria)]


def test_no_criteria_differ_in_nothing() -> None:
    assert differences(Thing(), {}) == []


def test_a_different_value_is_a_difference() -> None:
    assert differences(Thing(), {"level": "warning"}) == [Difference("level", "warning", "error")]


def test_a_difference_reads_as_one_line() -> None:
    assert texts(level="warning") == ["level: expected 'warning', got 'error'"]


def test_every_differing_field_is_listed() -> None:
    assert texts(level="info", rows=3, message="b") == [
        "level: expected 'info', got 'error'",
        "message: expected 'b', got 'boom'",
    ]


@pytest.mark.parametrize(
    "criterion",
    ["boom", mock.ANY, dirty_equals.IsStr(), dirty_equals.IsStr, re.compile("oo"), str.islower, ...],
)
def test_criteria_that_accept(criterion: Any) -> None:
    assert texts(message=criterion) == []


@pytest.mark.parametrize(
    "criterion",
    ["boo", "BOOM", None, dirty_equals.IsInt(), dirty_equals.IsInt, re.compile("^oo"), str.isupper, b"boom"],
)
def test_criteria_that_reject(criterion: Any) -> None:
    assert len(texts(message=criterion)) == 1


def test_a_dict_is_a_subset() -> None:
    assert texts(tags={"graph": "g1"}) == []


def test_a_key_that_is_missing_is_named() -> None:
    assert texts(tags={"graph": "g1", "spec": "s"}) == ["tags.spec: expected 's', got nothing"]


def test_none_does_not_match_a_key_that_is_missing() -> None:
    assert differences(Thing(), {"tags": {"spec": None}}) == [Difference("tags.spec", None, MISSING)]


def test_dots_accept_a_key_whatever_its_value() -> None:
    thing = Thing(tags={"graph": None})

    assert differences(thing, {"tags": {"graph": ...}}) == []


def test_dots_reject_a_key_that_is_missing() -> None:
    assert texts(tags={"spec": ...}) == ["tags.spec: expected ..., got nothing"]


@pytest.mark.parametrize("nothing", [None, {}, [], ()])
def test_dots_reject_a_field_in_which_nothing_is(nothing: Any) -> None:
    found = differences(SimpleNamespace(user=nothing), {"user": ...})

    assert [difference.note for difference in found] == ["nothing is there"]


@pytest.mark.parametrize("value", [0, "", False, {"a": 1}])
def test_dots_accept_a_field_in_which_something_is(value: Any) -> None:
    assert differences(SimpleNamespace(user=value), {"user": ...}) == []


def test_dicts_nest() -> None:
    thing = Thing(tags={"a": {"b": {"c": 1, "d": 2}}})

    assert differences(thing, {"tags": {"a": {"b": {"c": 2}}}}) == [Difference("tags.a.b.c", 2, 1)]


def test_a_dict_is_compared_with_the_attributes_of_an_object() -> None:
    outer = SimpleNamespace(exception=Thing())

    assert differences(outer, {"exception": {"level": "error", "shown": "property"}}) == []
    assert differences(outer, {"exception": {"level": "info"}}) == [
        Difference("exception.level", "info", "error")
    ]


def test_a_dict_reaches_objects_in_mappings() -> None:
    event = SimpleNamespace(attachments={"query.sql": SimpleNamespace(text="DROP")})

    assert differences(event, {"attachments": {"query.sql": ...}}) == []
    assert differences(event, {"attachments": {"query.sql": {"text": re.compile("^DR")}}}) == []
    assert differences(event, {"attachments": {"other.sql": ...}}) == [
        Difference("attachments.other.sql", ..., MISSING)
    ]


def test_a_dict_does_not_match_text() -> None:
    assert texts(message={"a": 1}) == ["message: expected {'a': 1}, got 'boom'"]


def test_lists_are_compared_element_by_element() -> None:
    thing = Thing(crumbs=["one", {"message": "two", "level": "info"}])

    assert differences(thing, {"crumbs": [re.compile("^o"), {"message": "two"}]}) == []
    assert differences(thing, {"crumbs": (..., {"message": "three"})}) == [
        Difference("crumbs[1].message", "three", "two")
    ]


@pytest.mark.parametrize(
    ("expected", "path"), [(["a"], "crumbs[1]"), (["a", "b", "c"], "crumbs[2]"), ([], "crumbs[0]")]
)
def test_lists_of_different_lengths_differ(expected: list[str], path: str) -> None:
    found = differences(Thing(crumbs=["a", "b"]), {"crumbs": expected})

    assert [difference.path for difference in found] == [path]


def test_none_at_the_end_of_a_list_is_an_element() -> None:
    assert len(differences(Thing(crumbs=[1, None]), {"crumbs": [1]})) == 1


def test_a_list_is_not_compared_with_the_letters_of_a_text() -> None:
    assert texts(message=["b", "o", "o", "m"]) == ["message: expected ['b', 'o', 'o', 'm'], got 'boom'"]


def test_a_pattern_does_not_search_a_number() -> None:
    assert texts(rows=re.compile("3")) == [
        "rows: expected re('3'), got 3 (a pattern searches text only, not int)"
    ]


def test_a_pattern_of_text_does_not_search_bytes() -> None:
    assert texts(payload=re.compile("b")) == [
        "payload: expected re('b'), got b'bytes' (a pattern of text does not search bytes)"
    ]


def test_a_pattern_of_bytes_searches_bytes() -> None:
    assert texts(payload=re.compile(b"^byt")) == []


def test_an_unknown_field_is_an_error_that_names_the_nearest() -> None:
    with pytest.raises(TypeError, match="a Thing has no field 'mesage'; did you mean 'message'\\?"):
        differences(Thing(), {"mesage": "boom"})


class Discarded(NamedTuple):
    reason: str
    quantity: int


def test_a_named_tuple_has_fields_and_elements() -> None:
    report = SimpleNamespace(discarded=(Discarded("before_send", 2),))

    assert [*differences(report, {"discarded.0.reason": "before_send", "discarded.0.1": 2})] == []
    assert [*differences(report, {"discarded": [{"quantity": 2}]})] == []
    assert [one.text for one in differences(report, {"discarded.0.quantity": 3})] == [
        "discarded.0.quantity: expected 3, got 2"
    ]


def test_an_unknown_field_of_an_inner_object_is_an_error() -> None:
    with pytest.raises(TypeError, match="did you mean 'level'"):
        differences(SimpleNamespace(exception=Thing()), {"exception": {"levl": "error"}})


def test_a_callable_that_raises_is_an_error_not_a_mismatch() -> None:
    def explode(level: str) -> bool:
        raise RuntimeError(f"no {level}")

    with pytest.raises(CriterionError) as caught:
        differences(Thing(), {"level": explode})

    assert (
        str(caught.value) == "the criterion level=explode raised RuntimeError: no error; it was given 'error'"
    )
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_a_comparison_that_raises_is_an_error() -> None:
    class Unequal:
        def __eq__(self, other: object) -> bool:
            raise ValueError("ambiguous")

        __hash__ = None  # type: ignore[assignment]

        def __repr__(self) -> str:
            return "Unequal()"

    with pytest.raises(CriterionError, match="level=Unequal\\(\\) raised ValueError: ambiguous"):
        differences(Thing(), {"level": Unequal()})


def test_a_class_is_no_condition() -> None:
    with pytest.raises(TypeError, match="rows=str is a class, not a condition; use lambda value: isinstance"):
        differences(Thing(), {"rows": str})


def test_an_exception_class_matches_one_sent_exception() -> None:
    event = SimpleNamespace(exception=SimpleNamespace(type="KeyError", module=None))

    assert differences(event, {"exception": LookupError}) == []
    assert len(differences(event, {"exception": ValueError})) == 1


@pytest.mark.parametrize(("value", "note"), [(None, ""), (5, "a pattern searches text only, not int")])
def test_a_pattern_matches_nothing_but_text(value: object, note: str) -> None:
    (difference,) = differences(SimpleNamespace(name=value), {"name": re.compile("a")})

    assert (difference.path, difference.got, difference.note) == ("name", value, note)


def test_a_condition_on_a_key_that_is_not_there_is_not_called() -> None:
    (difference,) = differences(SimpleNamespace(tags={}), {"tags": {"card": lambda value: value.isupper()}})

    assert (difference.path, difference.got) == ("tags.card", MISSING)
