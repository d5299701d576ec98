"""Our way through the slot mappings finds what Rasa's own does."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytestmark = [pytest.mark.rasa, pytest.mark.filterwarnings("default")]

DOMAIN = """
version: "3.1"
intents: [inform, greet, buy, ask]
entities: [number, city: {roles: [from, to]}]
forms:
  shop_form: {required_slots: [number, other, start, text], ignored_intents: [greet]}
  trip_form: {required_slots: [start, end]}
slots:
  number:
    type: text
    mappings:
      - {type: from_entity, entity: number, conditions: [{active_loop: null}]}
      - {type: from_entity, entity: number, intent: buy, conditions: [{active_loop: shop_form}]}
      - {type: from_text, intent: inform, conditions: [{active_loop: shop_form, requested_slot: number}]}
  other:
    type: text
    mappings:
      - {type: from_entity, entity: number, conditions: [{active_loop: shop_form}]}
      - {type: from_entity, entity: unheard_of}
      - {type: from_intent, intent: never_heard, value: x}
  start:
    type: text
    mappings:
      - {type: from_entity, entity: city, role: from}
      - {type: from_entity, entity: city}
  end:
    type: text
    mappings:
      - {type: from_entity, entity: city, role: to}
      - {type: from_entity, entity: city}
  all:
    type: list
    mappings: [{type: from_entity, entity: number, not_intent: [ask, greet]}]
  wish:
    type: bool
    mappings:
      - {type: from_intent, intent: buy, value: true}
      - {type: from_intent, not_intent: [buy, greet], value: false}
  begun:
    type: any
    mappings:
      - {type: from_trigger_intent, intent: buy, value: bought, conditions: [{active_loop: trip_form}]}
      - {type: from_trigger_intent, intent: ask, value: 0}
  text:
    type: any
    mappings:
      - {type: from_text, conditions: [{active_loop: shop_form, requested_slot: text}, {active_loop: null}]}
  own:
    type: any
    mappings: [{type: custom}]
  asked:
    type: any
    mappings:
      - {type: custom, action: action_ask, conditions: [{active_loop: trip_form}]}
      - {type: custom, action: action_look}
  looked:
    type: any
    mappings: [{type: custom, action: action_look}]
actions: [action_ask, action_look, action_validate_slot_mappings]
"""
SLOTS = ["number", "other", "start", "end", "all", "wish", "begun", "text", None]
ENTITIES = st.fixed_dictionaries(
    {"entity": st.sampled_from(["number", "city"]), "value": st.sampled_from(["1", "Paris", None])},
    optional={"role": st.sampled_from(["from", "to"])},
)


@pytest.fixture(scope="module")
def domain(turns: Any) -> Any:
    from rasa.shared.core.domain import Domain

    return Domain.from_yaml(DOMAIN)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    loop=st.sampled_from(["shop_form", "trip_form", None]),
    rejected=st.booleans(),
    asked=st.sampled_from(SLOTS),
    intent=st.sampled_from(["inform", "greet", "buy", "ask", None]),
    entities=st.lists(ENTITIES, max_size=3),
    filled=st.sampled_from(["number", "start", "all", None]),
)
async def test_the_same_slots_are_filled(
    domain: Any, loop: Any, rejected: bool, asked: Any, intent: Any, entities: Any, filled: Any
) -> None:
    from rasa.core.actions.action import ActionExtractSlots
    from rasa.shared.core import events as e

    from bot.engine import overrides, slot_filling
    from bot.engine.tracker import BoundedTracker

    ran: list[list[str]] = []

    class Extract(ActionExtractSlots):  # type: ignore[misc]
        async def _run_custom_action(self, name: str, *args: Any) -> list[Any]:
            ran[-1].append(name)
            return [e.SlotSet("looked", name)] if name != "action_validate_slot_mappings" else []

    tracker = BoundedTracker("s", domain.slots)
    said = [
        *([e.SlotSet(filled, "before")] if filled else []),
        e.ActiveLoop(loop),
        e.SlotSet("requested_slot", asked),
    ]
    tracker.update_with_events(said, domain)
    if rejected and loop:
        tracker.update(e.ActionExecutionRejected(loop), domain)
    tracker.update(e.UserUttered("words", {"name": intent, "confidence": 1.0}, entities), domain)
    found = []
    for run in (overrides._original["ActionExtractSlots.run"], slot_filling.extract):
        ran.append([])
        found.append(await run(Extract(None), None, None, tracker, domain))
    theirs, ours = ([(event.type_name, event.key, event.value) for event in events] for events in found)
    assert ours == theirs
    assert ran[1] == ran[0]
