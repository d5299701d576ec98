"""Each run-time override against the upstream function that it stands for."""

from __future__ import annotations

import ast
import inspect
import json
from types import SimpleNamespace
from typing import Any

import pytest

from tests.engine.talk import Talk

pytestmark = [pytest.mark.rasa, pytest.mark.filterwarnings("default")]


@pytest.fixture
def originals(turns: Any) -> dict[str, Any]:
    from bot.engine import overrides

    overrides.install()  # again: nothing changes
    return dict(overrides._original)


def test_every_override_is_known(originals: dict[str, Any]) -> None:
    assert sorted(originals) == [
        "ActionExtractSlots._execute_validation_action",
        "ActionExtractSlots.run",
        "Event.resolve_by_type",
        "FormAction._temporary_tracker",
        "MemoizationPolicy._recall_states",
        "Policy.format_tracker_states",
        "RemoteAction._validate_action_result",
        "RulePolicy._get_possible_keys",
        "rasa.core.actions.action.action_for_name_or_text",
        "rasa.core.actions.forms.copy",
        "rasa.core.policies.memoization.copy",
        "rasa.core.policies.rule_policy.copy",
    ]


def test_event_types_are_resolved_as_before(originals: dict[str, Any]) -> None:
    from rasa.shared.core.events import Event, SlotSet

    original = originals["Event.resolve_by_type"].__func__
    kinds = [
        "user",
        "bot",
        "slot",
        "action",
        "active_loop",
        "form",
        "followup",
        "restart",
        "undo",
        "rewind",
        "reset_slots",
        "reminder",
    ]
    for kind in [*kinds, *kinds, "topic"]:
        assert Event.resolve_by_type(kind) is original(kind)
    assert Event.resolve_by_type("unheard_of", SlotSet) is SlotSet
    with pytest.raises(ValueError, match="unheard_of"):
        Event.resolve_by_type("unheard_of")


def test_results_over_http_are_still_validated(originals: dict[str, Any]) -> None:
    from jsonschema import ValidationError
    from rasa.core.actions.action import RemoteAction
    from rasa.utils.endpoints import EndpointConfig

    from bot.engine.actions import InProcessActions, make_executor

    remote = RemoteAction("a", EndpointConfig("http://localhost:1/webhook"))
    with pytest.raises(ValidationError):
        remote._validate_action_result({"events": "none"})
    here = RemoteAction("a", InProcessActions(make_executor("no_such_package_of_actions")))
    assert here._validate_action_result({"events": [], "responses": []})


async def test_a_forms_trial_tracker_is_the_rebuilt_one(turns: Any, originals: dict[str, Any]) -> None:
    from rasa.core.actions.forms import FormAction
    from rasa.shared.core.events import SlotSet

    from bot.engine.state import decode

    domain = turns._processor.domain
    talk = Talk(turns, id="trial")
    for text in ("hello", "book a table", "opening hours", "Köln please", "99 people"):
        await talk.say(text)
    assert talk.state is not None
    tracker = decode(talk.state, "trial", domain)
    form = FormAction("booking_form", None)
    events = [SlotSet("people", 3.0)]
    ours = form._temporary_tracker(tracker, events, domain)
    theirs = originals["FormAction._temporary_tracker"](form, tracker, events, domain)
    assert list(ours.events) == list(theirs.events)
    assert ours.current_slot_values() == theirs.current_slot_values()
    assert (ours.active_loop, ours.latest_action) == (theirs.active_loop, theirs.latest_action)
    assert ours.latest_message is not None
    assert ours.latest_message.as_dict() == theirs.latest_message.as_dict()
    assert tracker.get_slot("people") is None


async def test_validating_slots_sees_the_rebuilt_tracker(turns: Any, originals: dict[str, Any]) -> None:
    from rasa.core.actions.action import ActionExtractSlots
    from rasa.shared.core.events import BotUttered, SlotSet

    from bot.engine.state import decode

    talk = Talk(turns, id="validated")
    for text in ("hello", "book a table"):
        await talk.say(text)
    assert talk.state is not None
    domain = SimpleNamespace(
        user_actions=["action_validate_slot_mappings"], slots=turns._processor.domain.slots
    )
    seen: list[tuple[list[Any], dict[str, Any]]] = []

    class Extract(ActionExtractSlots):  # type: ignore[misc]
        async def _run_custom_action(self, name: str, output: Any, nlg: Any, tracker: Any, of: Any) -> Any:
            seen.append((list(tracker.events), tracker.current_slot_values()))
            return [BotUttered("sorry"), SlotSet("people", 2.0)]

    extracted = [SlotSet("people", 3.0), BotUttered("dropped"), SlotSet("cuisine", "thai")]
    results = []
    for run in (
        ActionExtractSlots._execute_validation_action,
        originals["ActionExtractSlots._execute_validation_action"],
    ):
        tracker = decode(talk.state, "validated", turns._processor.domain)
        results.append(await run(Extract(None), extracted, None, None, tracker, domain))
        assert tracker.get_slot("people") is None
    assert results[0] == results[1]
    assert seen[0] == seen[1]


@pytest.mark.parametrize("name", ["forms", "memoization", "rule_policy"])
def test_copies_are_made_for_debug_messages_only(name: str, turns: Any) -> None:
    """Upstream uses `copy` as an argument of `structlogger.debug` and nowhere else."""
    import rasa.core.actions.forms as forms
    import rasa.core.policies.memoization as memoization
    import rasa.core.policies.rule_policy as rule_policy

    modules = {"forms": forms, "memoization": memoization, "rule_policy": rule_policy}
    tree = ast.parse(inspect.getsource(modules[name]))
    debug = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "structlogger.debug"
    ]
    inside = {id(sub) for call in debug for sub in ast.walk(call)}
    uses = [n for n in ast.walk(tree) if isinstance(n, ast.Name) and n.id == "copy"]
    assert uses
    assert all(id(n) in inside for n in uses)


def test_rendered_states_go_into_debug_messages_only(turns: Any) -> None:
    import rasa.core.policies.rule_policy as rule_policy

    source = inspect.getsource(rule_policy)
    assert source.count("format_tracker_states") == 1
    assert source.count("current_states") == 3  # bound, named and copied in one debug call


def test_actions_are_the_same_kinds(turns: Any, originals: dict[str, Any]) -> None:
    import rasa.core.actions.action as module

    domain, endpoint = turns._processor.domain, turns._processor.action_endpoint
    original = originals["rasa.core.actions.action.action_for_name_or_text"]
    names = domain.action_names_or_texts
    assert len(names) > 25
    for name in [*names, *names]:
        ours, theirs = (
            module.action_for_name_or_text(name, domain, endpoint),
            original(name, domain, endpoint),
        )
        assert type(ours) is type(theirs)
        assert ours.name() == theirs.name() == name
    with pytest.raises(Exception, match="nothing_of_the_kind"):
        module.action_for_name_or_text("nothing_of_the_kind", domain, endpoint)


async def test_the_same_rules_apply(turns: Any, originals: dict[str, Any]) -> None:
    from rasa.core.policies.rule_policy import RULES, RULES_FOR_LOOP_UNHAPPY_PATH, RulePolicy

    original = originals["RulePolicy._get_possible_keys"]
    (policy,) = (c for c in turns._processor.graph_runner.components() if isinstance(c, RulePolicy))
    rules = policy.lookup[RULES]
    dialogues = [json.loads(key) for key in (*rules, *policy.lookup[RULES_FOR_LOOP_UNHAPPY_PATH])]
    intents = {"greet", "goodbye", "hours", "nlu_fallback", None}
    actions = {state.get("prev_action", {}).get("action_name") for d in dialogues for state in d}
    for intent in intents:
        for action in actions:
            state = {"prev_action": {"action_name": action}, "user": {"intent": intent}}
            dialogues.append([{}, {k: {n: v for n, v in s.items() if v} for k, s in state.items()}])
    found = 0
    for states in [*dialogues, []]:
        for lookup in (rules, policy.lookup[RULES_FOR_LOOP_UNHAPPY_PATH]):
            theirs = original(policy, lookup, states)
            assert policy._get_possible_keys(lookup, states) == theirs
            found += len(theirs) if states else 0
    assert found >= len(rules)


async def test_memories_are_found_as_before(turns: Any, originals: dict[str, Any]) -> None:
    from rasa.core.policies.memoization import MemoizationPolicy

    original = originals["MemoizationPolicy._recall_states"]
    compared: list[Any] = []

    def both(self: Any, states: list[Any]) -> Any:
        found = ours(self, states)
        compared.append(found)
        assert found == original(self, states)
        return found

    ours, processor = MemoizationPolicy._recall_states, turns._processor
    decisions, processor.decisions = processor.decisions, None  # so that the policies are asked
    MemoizationPolicy._recall_states = both
    try:
        talk = Talk(turns, id="memories")
        for text in ("hello", "book a table", "Köln please", "3 people", "thanks", "goodbye", "blah"):
            await talk.say(text)
        (policy,) = (c for c in processor.graph_runner.components() if type(c) is MemoizationPolicy)
        assert both(policy, []) is None
    finally:
        MemoizationPolicy._recall_states = ours
        processor.decisions = decisions
    assert any(compared)
    assert not all(compared)
