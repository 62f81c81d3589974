"""What follows a reply: who is called when, what silence counts as, when a case may end; figures out of the real texts."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import combinations, pairwise

import pytest

from cities.loading import load_pack
from hotline.casework import Step, Taken
from hotline.deadlines import due_moments
from hotline.following_up import (
    Asking,
    Outcome,
    Stage,
    Standing,
    again,
    asking_of,
    choices,
    closing_grounds,
    standing,
)

NOON = datetime(2026, 11, 23, 4, tzinfo=UTC)  #: a Monday
DUE = NOON + timedelta(hours=60)
HOUR = timedelta(hours=1)


def call(after: float, result: Outcome = Outcome.RANG_OUT, grade: str = "") -> Taken:
    data = {"result": result.value} | ({"satisfaction": grade} if grade else {})
    return Taken(step=Step.FOLLOW_UP, at=NOON + after * HOUR, data=data)


def rating(after: float, grade: int) -> Taken:
    return Taken(step=Step.RATE, at=NOON + after * HOUR, data={"satisfaction": str(grade)})


def step(name: Step, after: float, unit: str = "", **data: str) -> Taken:
    return Taken(step=name, at=NOON + after * HOUR, unit=unit, data=data)


def stands(
    city: str, *more: Taken, at: float = 100, own: bool = True, due: datetime | None = DUE
) -> Standing:
    taken = [step(Step.SIGN, -30), step(Step.REPLY, 0), *more]
    asking = asking_of(load_pack(city))
    return standing(asking, taken, due=due, own_channel=own, now=NOON + at * HOUR)


def hindered(city: str, standing: Standing, kind: str = "help") -> dict[str, str]:
    return {one.step.value: one.hindered for one in choices(load_pack(city), standing, kind)}


@pytest.mark.duty("PDS-16")
@pytest.mark.parametrize(
    ("own", "at", "stage"),
    [(True, 1, Stage.ASKED), (True, 24, Stage.CALLABLE), (False, 0, Stage.CALLABLE)],
)
def test_the_own_channel_comes_before_the_phone(own: bool, at: float, stage: Stage) -> None:
    assert stands("pingdingshan", at=at, own=own).stage is stage


@pytest.mark.duty("PDS-17")
@pytest.mark.parametrize(
    ("calls", "satisfied"),
    [
        ([call(30), call(33)], True),
        ([call(30), call(32.9)], False),
        ([call(30)], False),
        ([call(30), call(34, Outcome.BUSY)], False),
        ([call(30), call(34, Outcome.DECLINED), call(35)], True),
        ([call(30), call(61)], False),  # outside the two working days
    ],
)
def test_two_calls_that_rang_out_three_hours_apart_count_as_satisfied(
    calls: Sequence[Taken], satisfied: bool
) -> None:
    view = stands("pingdingshan", *calls).view
    assert (view is not None) is satisfied
    assert view is None or (view.grade is None and not view.dissatisfied)
    assert stands("suqian", *calls).view is None, "only where the text says so"


@pytest.mark.duty("PDS-17", "BD-26")
def test_what_the_petitioner_says_prevails_over_what_silence_counts_as() -> None:
    late = stands("pingdingshan", call(30), call(33), rating(200, 1), at=300).view
    assert late is not None
    assert (late.grade, late.dissatisfied) == (1, True)


@pytest.mark.duty("PDS-17")
def test_silence_is_counted_as_a_slow_count_does() -> None:
    """The oracle tries every set of calls; the seed of a failing case is in the message."""
    for seed in range(400):
        rng = random.Random(seed)
        asking = Asking(gap=rng.randint(0, 4) * HOUR, silent_calls=rng.randint(1, 3))
        calls = sorted(
            (call(rng.randint(0, 70), rng.choice([Outcome.RANG_OUT, Outcome.RANG_OUT, Outcome.BUSY])) for _ in range(rng.randint(0, 6))),
            key=lambda one: one.at,
        )  # fmt: skip
        found = standing(asking, [step(Step.REPLY, 0), *calls], due=DUE, own_channel=False, now=DUE).view
        rung = [one.at for one in calls if one.data["result"] == "rang_out" and one.at <= DUE]
        slow = [
            some[-1]
            for some in combinations(rung, asking.silent_calls)
            if all(later - sooner >= asking.gap for sooner, later in pairwise(some))
        ]
        assert (found and found.at) == min(slow, default=None), f"seed {seed}"


def test_the_next_call_waits_three_hours() -> None:
    assert stands("pingdingshan", call(30), at=32).stage is Stage.WAITING
    assert stands("pingdingshan", call(30), at=33).stage is Stage.CALLABLE


def test_a_text_without_follow_up_has_nobody_called() -> None:
    assert stands("kaifeng").stage is Stage.UNASKED
    assert "follow_up" not in hindered("kaifeng", stands("kaifeng"))


@pytest.mark.duty("BD-27")
def test_a_rating_is_set_aside_by_the_centre_and_kept() -> None:
    bad = rating(5, 1)
    proposed = stands("baoding", bad, step(Step.SET_RATING_ASIDE, 6, "示例局", category="mistaken"))
    assert proposed.proposed is not None
    assert proposed.view is not None
    assert proposed.view.dissatisfied, "a unit does not judge its own rating"
    decided = stands(
        "baoding", bad, step(Step.SET_RATING_ASIDE, 6, "示例局"), step(Step.SET_RATING_ASIDE, 7)
    ).view
    refused = stands("baoding", bad, step(Step.SET_RATING_ASIDE, 7, result="refused")).view
    again = stands("baoding", bad, step(Step.SET_RATING_ASIDE, 7), rating(8, 2)).view
    assert decided is not None
    assert refused is not None
    assert again is not None
    assert (decided.grade, decided.dissatisfied) == (1, False)
    assert refused.dissatisfied
    assert again.dissatisfied, "what is rated later stands on its own"


@pytest.mark.duty("SQ-3-9")
def test_who_is_dissatisfied_gets_a_second_handling_before_the_end() -> None:
    unhappy = stands("suqian", rating(5, 2))
    assert hindered("suqian", unhappy)["redo"] == ""
    assert hindered("suqian", unhappy)["close"] == "undone"
    redoing = stands("suqian", rating(5, 2), step(Step.REDO, 6))
    assert redoing.stage is Stage.UNREPLIED
    redone = stands("suqian", rating(5, 2), step(Step.REDO, 6), step(Step.REPLY, 20), rating(21, 2))
    assert (redone.rounds, hindered("suqian", redone)["close"]) == (2, "")


@pytest.mark.duty("SQ-4-4")
@pytest.mark.parametrize(
    ("case", "ground"),
    [("settled", "settled"), ("in_procedure", "in-procedure"), ("unreasonable", "final-reply")],
)
def test_a_case_is_ended_or_led_elsewhere_against_a_bad_rating_only_on_a_ground_on_record(
    case: str, ground: str
) -> None:
    stood = stands("suqian", step(Step.PROGRESS, 1, case=case), rating(5, 1))
    assert [one.id for one in closing_grounds(load_pack("suqian"), "help", stood)] == [ground]


@pytest.mark.duty("PDS-18")
def test_a_third_party_evaluates_once_coordination_has_failed() -> None:
    unhappy, coordinated = rating(5, 1), step(Step.COORDINATE, 6)
    assert hindered("pingdingshan", stands("pingdingshan", unhappy))["evaluate"] == "uncoordinated"
    assert hindered("pingdingshan", stands("pingdingshan", unhappy, coordinated))["evaluate"] == ""
    assert hindered("pingdingshan", stands("pingdingshan", unhappy, coordinated))["close"] == "unevaluated"
    evaluated = stands("pingdingshan", unhappy, coordinated, step(Step.EVALUATE, 7))
    assert hindered("pingdingshan", evaluated)["close"] == ""


@pytest.mark.duty("BD-24")
@pytest.mark.parametrize(
    ("kind", "grounds"),
    [
        ("consultation", ["answered", "found-closed"]),
        ("help", ["solved", "found-closed"]),
        ("suggestion", ["adoption-told", "found-closed"]),
        ("report", ["dealt-with", "found-closed"]),
    ],
)
def test_a_case_ends_by_the_ground_of_its_kind(kind: str, grounds: list[str]) -> None:
    unasked = stands("baoding", at=1)
    assert [one.id for one in closing_grounds(load_pack("baoding"), kind, unasked)] == grounds


@pytest.mark.duty("KF-3-7")
def test_kaifeng_archives_what_is_closed() -> None:
    assert hindered("kaifeng", stands("kaifeng", step(Step.CLOSE, 6)))["archive"] == ""


@pytest.mark.duty("BD-28")
def test_only_what_is_closed_is_archived_and_nothing_follows_then() -> None:
    closed = stands("baoding", rating(5, 5), step(Step.CLOSE, 6))
    assert hindered("baoding", closed)["archive"] == ""
    assert hindered("baoding", stands("baoding", rating(5, 5)))["archive"] == "unclosed"
    archived = stands("baoding", rating(5, 1), step(Step.CLOSE, 6), step(Step.ARCHIVE, 7))
    assert set(hindered("baoding", archived).values()) == {"archived"}


def test_a_second_handling_is_proposed_the_first_limit() -> None:
    pack = load_pack("baoding")
    dues = due_moments(pack, kind="help", ticket_class=None, channel="webchat", at=NOON - 300 * HOUR)
    finish = next(due for due in dues if due.what == "finish")
    assert again(pack, finish, at=NOON).at.isoformat() == "2026-11-30T23:59:59+08:00"
