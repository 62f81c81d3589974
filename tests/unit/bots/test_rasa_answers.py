import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bots.rasa_understanding import decode
from hotline.errors import UnderstandingAwayError
from hotline.understanding import Entity, Intent, Understanding


def answer(**changes: Any) -> bytes:
    whole: dict[str, Any] = {
        "text": "x",
        "intent": {"name": "complain", "confidence": 0.9},
        "entities": [{"entity": "ticket", "value": "20261103a7k2m9qxr", "start": 0, "end": 17}],
    }
    return json.dumps(whole | changes).encode()


def test_an_answer_becomes_an_understanding() -> None:
    assert decode(answer(), threshold=0.25) == Understanding(
        intent=Intent.COMPLAIN,
        confidence=0.9,
        entities=(Entity(name="ticket", value="20261103A7K2M9QXR"),),
        by="rasa",
    )


def test_below_the_threshold_nothing_is_told() -> None:
    understood = decode(answer(intent={"name": "complain", "confidence": 0.2}), threshold=0.25)
    assert (understood.intent, understood.confidence) == (Intent.OTHER, 0.2)


@pytest.mark.parametrize("name", ["nlu_fallback", "COMPLAIN", "", None])
def test_an_unknown_intent_is_other(name: str | None) -> None:
    assert decode(answer(intent={"name": name, "confidence": 0.99}), threshold=0.25).intent is Intent.OTHER


def test_an_unknown_entity_is_left_out() -> None:
    assert decode(answer(entities=[{"entity": "colour", "value": "x"}]), threshold=0.25).entities == ()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"<html>",
        b"\xff\xfe",
        b"[" * 200_000,
        answer(intent=None),
        answer(intent={"name": "complain"}),
        answer(intent={"name": "complain", "confidence": "0.9"}),
        answer(intent={"name": "complain", "confidence": True}),
        answer(intent={"name": "complain", "confidence": float("nan")}),
        answer(intent={"name": "complain", "confidence": 7}),
        answer(intent={"name": ["complain"], "confidence": 0.9}),
        answer(entities=None),
        answer(entities=[{"entity": "place"}]),
        answer(entities=[{"entity": "place", "value": 135}]),
        answer(entities=["phone"]),
    ],
)
def test_garbage_is_one_error(body: bytes) -> None:
    with pytest.raises(UnderstandingAwayError):
        decode(body, threshold=0.25)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "confidence", "entity", "value"]), inner)
    ),
    max_leaves=8,
)


@settings(print_blob=True, deadline=None)
@given(st.dictionaries(st.sampled_from(["intent", "entities", "text"]), json_values))
def test_any_answer_is_a_reading_or_that_error(body: dict[str, Any]) -> None:
    try:
        understood = decode(json.dumps(body).encode(), threshold=0.25)
    except UnderstandingAwayError:
        return
    assert 0.0 <= understood.confidence <= 1.0
