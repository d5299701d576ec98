"""What the bot comes back to: when, with which words, and when rather not."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from actions.fallback import previous_turn
from actions.reminders import MAX_ATTEMPTS, ActionFollowUp, ActionNudge, follow_up
from bot.domain.customer import Answer, Case, Preferences, Profile, Status
from tests.unit.actions.support import NOW, Outcome, StrictDirectory, no, ok, run, tracker, turn

UNKNOWN = no(Status.NOT_ALLOWED)


def case(state: str = "open", answer: str = "") -> Case:
    return Case(
        number="K7001",
        kind="complaint",
        state=state,
        opened_on=date(2026, 3, 2),
        promised_by=date(2026, 3, 4),
        answer=answer,
    )


def profile(*, messages: bool) -> Answer[Any]:
    return ok(Profile(ref="C1", name="Jane", preferences=Preferences(messages=messages)))


async def due(
    found: Answer[Any], who: Answer[Any] = UNKNOWN, *, loop: str = "", attempt: str = ""
) -> Outcome:
    directory = StrictDirectory({("case", "K7001"): found, ("profile",): who})
    about = {"case_number": "K7001", **({"attempt": attempt} if attempt else {})}
    with turn(directory):
        return await run(ActionFollowUp(), tracker(entities=about, loop=loop))


def wish(outcome: Outcome) -> Any:
    return outcome.slots.get("handoff_request")


async def test_a_form_that_waits_is_spoken_of_and_nothing_else() -> None:
    with turn():
        waiting = await run(ActionNudge(), tracker(loop="cancel_order_form"))
        nothing = await run(ActionNudge(), tracker())
    assert (waiting.responses, waiting.events) == (["utter_nudge"], [])
    assert (nothing.responses, nothing.events) == ([], [])


async def test_a_solved_case_is_told_in_the_company_s_words() -> None:
    outcome = await due(ok(case("solved", "We send a new lamp.")), profile(messages=True))
    assert outcome.said[0]["response"] == "utter_follow_up_solved"
    assert (outcome.said[0]["case_number"], outcome.said[0]["answer"]) == ("K7001", "We send a new lamp.")
    assert outcome.events == []


@pytest.mark.parametrize(
    ("found", "state"),
    [
        (ok(case()), "open"),
        (ok(case("closed")), "closed"),
        (no(Status.NOT_FOUND), "not_found"),
        (UNKNOWN, "not_allowed"),
    ],
)
async def test_a_case_without_an_answer_is_a_person_s(found: Answer[Any], state: str) -> None:
    outcome = await due(found, loop="cancel_order_form")
    assert outcome.responses == ["utter_follow_up_open"]
    assert wish(outcome)["reason"] == "business_rule"
    evidence = wish(outcome)["evidence"]
    assert (evidence["case_number"], evidence["state"]) == ("K7001", state)
    assert evidence["form"] == "cancel_order_form"
    assert "quiet" not in wish(outcome)
    assert outcome.left


@pytest.mark.parametrize("found", [ok(case()), ok(case("solved", "We send a new lamp."))])
async def test_who_wants_no_messages_gets_none(found: Answer[Any]) -> None:
    outcome = await due(found, profile(messages=False))
    assert outcome.said == []
    assert wish(outcome)["quiet"] is True
    assert wish(outcome)["evidence"]["wants_no_messages"] is True


@pytest.mark.parametrize("answers", [(no(Status.TRY_LATER), UNKNOWN), (ok(case()), no(Status.TRY_LATER))])
async def test_a_system_that_is_down_is_asked_again_later(answers: tuple[Any, Any]) -> None:
    outcome = await due(*answers)
    assert outcome.said == []
    (event,) = outcome.events
    assert event["event"] == "reminder"
    assert event["date_time"] == (NOW + timedelta(hours=1)).isoformat()
    assert event["entities"] == {"case_number": "K7001", "attempt": "2"}
    assert event["kill_on_user_msg"] is False
    again = await due(*answers, attempt="2")
    assert again.events[0]["entities"]["attempt"] == "3"
    assert again.events[0]["name"] == event["name"]


async def test_a_system_that_stays_down_is_a_person_s_matter() -> None:
    outcome = await due(no(Status.TRY_LATER), attempt=str(MAX_ATTEMPTS))
    assert outcome.said == []
    assert wish(outcome)["quiet"] is True


async def test_a_reminder_of_nothing_does_nothing() -> None:
    with turn():
        outcome = await run(ActionFollowUp(), tracker())
    assert (outcome.said, outcome.events) == ([], [])


@pytest.mark.parametrize(
    ("promised", "at"),
    [
        (date(2026, 3, 4), "2026-03-05T09:00:00+00:00"),
        (date(2026, 3, 6), "2026-03-09T09:00:00+00:00"),  # a Friday
        (date(2026, 3, 7), "2026-03-09T09:00:00+00:00"),
    ],
)
def test_the_day_after_the_promise_is_a_working_day(promised: date, at: str) -> None:
    opened = Case(
        number="K1", kind="complaint", state="open", opened_on=date(2026, 3, 2), promised_by=promised
    )
    with turn():
        event = follow_up(opened)
    assert (event["intent"], event["date_time"]) == ("EXTERNAL_follow_up", at)
    assert (event["entities"], event["kill_on_user_msg"]) == ({"case_number": "K1"}, False)


def test_a_reminder_is_no_message_between_two_failures() -> None:
    def wrote(intent: str) -> dict[str, Any]:
        return {"event": "user", "parse_data": {"intent": {"name": intent}}}

    fell = {"event": "action", "name": "action_fallback"}
    events = [wrote("nlu_fallback"), fell, wrote("EXTERNAL_silence"), wrote("nlu_fallback")]
    assert fell in previous_turn(events)
