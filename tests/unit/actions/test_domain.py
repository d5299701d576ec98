"""The domain and the code name the same things, and every word of the assistant is used somewhere."""

from __future__ import annotations

import ast
import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

import actions
from bot.domain.handoff import OFFERED_FIRST, Reason
from bot.domain.reminders import EXTERNAL
from bot.services.choices import ACCEPT, AS_IT_IS, DECLINE, KEEP_WAITING, LEAVE_MESSAGE, LEAVE_QUEUE
from tests.unit.actions.support import ROOT, domain

RESPONSES: dict[str, list[dict[str, Any]]] = domain()["responses"]
CODE = sorted(Path(actions.__file__).parent.glob("*.py"))
SYSTEM = "utter_system_"
FAMILIES = {
    "utter_order_": "actions/track_order.py by an order's status",
    "utter_refund_": "actions/track_refund.py by a refund's state",
    "utter_choice_title_": "actions/fallback.py by an intent",
    "utter_which_order_": "actions/order_form.py by a form",
    "utter_replacement_": "actions/track_refund.py by a replacement's state",
    "utter_part_state_": "actions/order_state.py by an order's status",
    "utter_which_item_": "actions/item_form.py by a form",
    "utter_invoice_": "actions/invoices.py by a topic",
    "utter_confirm_": "actions/forms.py by a form",
    "utter_address_changed_": "actions/change_shipping_address.py by what the address is for",
    "utter_ask_new_address_": "actions/change_shipping_address.py by what the address is for",
    "utter_ask_new_value_": "actions/edit_account.py by a detail",
    "utter_new_value_unclear_": "actions/edit_account.py by a detail",
    "utter_part_field_": "actions/edit_account.py by a detail",
    "utter_part_way_": "actions/communication_preferences.py by a field of the preferences",
    "utter_registration_": "actions/account_help.py by a problem",
    "utter_bereavement_": "actions/bereavement.py by a question",
    "utter_payment_": "actions/payment_issue.py by a problem",
    "utter_explain_": "actions/repeat.py by what was asked",
    "utter_extra_": "actions/product_question.py by what is asked for",
    "utter_payment_state_": "actions/payment_issue.py by an order's payment state",
}
PLACEHOLDERS = {
    "queue_place": {"place"},
    "queue_wait": {"place", "low", "high"},
    "queue_shown_wait": {"low", "high"},
    "queue_full": {"place"},
    "out_of_hours": {"opening_hours"},
    "agent_joined": {"agent"},
    "message_left": {"due"},
    "too_long": {"limit"},
}
PLAIN = [
    "queue_shown",
    "nobody_online",
    "still_waiting",
    "agent_left",
    "returned_to_bot",
    "left_queue",
    "resolved",
    "engine_failed",
    "choice_expired",
    "unsupported",
    "waiting_received",
    "keeps_waiting",
    "offer_declined",
    "resolved_silent",
    "ask_message",
    "message_late",
    "cannot_read",
    "place_kept",
    "card_kept",
    "voice_kept",
    "no_groups",
    "show_choices",
]


def literals() -> set[str]:
    """Return the response names that the actions write out."""
    found: set[str] = set()
    for path in CODE:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and node.value.startswith("utter_")
            ):
                found.add(node.value)
    return found


def steps(*without: str) -> Iterator[dict[str, Any]]:
    """Return the steps of all rules and stories, those of the files `without` left out."""
    for path in [*(ROOT / "data" / "rules").glob("*.yml"), *(ROOT / "data" / "stories").glob("*.yml")]:
        data = yaml.safe_load(path.read_text(encoding="utf-8")) if path.name not in without else {}
        for block in [*data.get("rules", []), *data.get("stories", [])]:
            yield from block["steps"]


def buttons() -> Iterator[tuple[str, dict[str, str]]]:
    for name, wordings in RESPONSES.items():
        for wording in wordings:
            for button in wording.get("buttons", []):
                yield name, button


def test_the_code_names_only_responses_that_exist() -> None:
    named = {name for name in literals() if name not in FAMILIES and not name.endswith("_")}
    families = {name for name in literals() if name.endswith("_")}
    assert len(named) > 30
    # The second one is Rasa's key for the response behind a message.
    assert named <= RESPONSES.keys() | {"utter_ask_", "utter_action"}
    assert families <= FAMILIES.keys()


def test_every_response_is_used() -> None:
    by_rules = {step["action"] for step in steps("said_by_code.yml") if "action" in step}
    by_forms = {f"utter_ask_{slot}" for slot in domain()["slots"]} | {
        f"utter_ask_{name}_{slot}"
        for name, form in domain()["forms"].items()
        for slot in form["required_slots"]
    }
    by_code = literals() | {f"{name}_{more}" for name in literals() for more in ("choices", "keep")}
    unused = [
        name
        for name in RESPONSES
        if name not in by_rules | by_forms | by_code and not name.startswith((*FAMILIES, SYSTEM))
    ]
    assert unused == []


def test_rasas_validator_finds_every_response_in_a_story() -> None:
    """Those that no rule says belong into data/stories/said_by_code.yml, and no others."""
    listed = yaml.safe_load((ROOT / "data" / "stories" / "said_by_code.yml").read_text(encoding="utf-8"))
    said_by_code = [step["action"] for step in listed["stories"][0]["steps"]]
    elsewhere = {step["action"] for step in steps("said_by_code.yml") if "action" in step}
    assert [name for name in RESPONSES if name not in {*elsewhere, *said_by_code}] == []
    assert [name for name in said_by_code if name not in RESPONSES or name in elsewhere] == []


def test_every_action_is_written_and_listed() -> None:
    import importlib

    from rasa_sdk import Action
    from rasa_sdk.utils import all_subclasses

    for path in CODE:
        importlib.import_module(f"actions.{path.stem}" if path.stem != "__init__" else "actions")
    # Other tests have actions of their own; Rasa's action server would take these as well.
    classes = [c for c in all_subclasses(Action) if c.__module__.split(".")[0] == "actions"]
    ours = {cls().name() for cls in classes if not inspect.isabstract(cls)}
    assert ours == set(domain()["actions"])
    named = {step["action"] for step in steps() if "action" in step}
    assert {name for name in named if name.startswith("action_")} <= ours


def test_every_choice_leads_somewhere() -> None:
    intents, entities = set(domain()["intents"]), set(domain()["entities"])
    seen = 0
    for name, button in buttons():
        seen += 1
        match = re.fullmatch(r"/(\w+)(\{.*\})?", button["payload"].replace("{{", "{").replace("}}", "}"))
        assert match, (name, button)
        intent, values = match.groups()
        assert intent in intents or intent.startswith("system_"), (name, button)
        if values:
            assert set(json.loads(values)) <= entities, (name, button)
    assert seen > 60


def test_choices_stay_short_and_different() -> None:
    for name, wordings in RESPONSES.items():
        for wording in wordings:
            titles = [button["title"] for button in wording.get("buttons", [])]
            assert len(set(titles)) == len(titles), name
            assert all(len(title) <= 24 for title in titles), name
            assert len(wording["text"]) <= 320, name
            assert len(titles) <= 6, name


def test_the_servers_sentences_are_all_there() -> None:
    expected = {f"{SYSTEM}handoff_{reason.value}" for reason in Reason}
    expected |= {f"{SYSTEM}offer_{reason.value}" for reason in OFFERED_FIRST}
    expected |= {f"{SYSTEM}{name}" for name in [*PLACEHOLDERS, *PLAIN]}
    assert {name for name in RESPONSES if name.startswith(SYSTEM)} == expected
    for name in expected:
        allowed = PLACEHOLDERS.get(name.removeprefix(SYSTEM), set())
        for wording in RESPONSES[name]:
            assert set(re.findall(r"\{(\w+)\}", wording["text"])) <= allowed, name


def payloads(name: str) -> set[str]:
    return {button["payload"] for wording in RESPONSES[name] for button in wording.get("buttons", ())}


def test_who_waits_may_always_leave_a_message() -> None:
    """Wait, leave a message, or go back: wherever somebody is told that they wait."""
    waits = ("queue_place", "queue_wait", "queue_shown", "queue_shown_wait", "queue_full", "nobody_online")
    for name in (*waits, "out_of_hours", "still_waiting", "waiting_received"):
        assert payloads(f"{SYSTEM}{name}") == {LEAVE_QUEUE, LEAVE_MESSAGE, KEEP_WAITING}, name
    assert payloads(f"{SYSTEM}ask_message") == {AS_IT_IS, KEEP_WAITING, LEAVE_QUEUE}
    for reason in OFFERED_FIRST:
        assert payloads(f"{SYSTEM}offer_{reason.value}") == {ACCEPT, DECLINE}


def test_each_reason_has_words_of_its_own() -> None:
    for kind, reasons in (("handoff", list(Reason)), ("offer", list(OFFERED_FIRST))):
        said = [
            wording["text"] for reason in reasons for wording in RESPONSES[f"{SYSTEM}{kind}_{reason.value}"]
        ]
        assert len(said) == len(set(said)) >= len(reasons)


def test_slots_are_typed_and_stay_out_of_the_policies() -> None:
    untyped = [name for name, slot in domain()["slots"].items() if slot["type"] == "any"]
    assert untyped == ["handoff_request"]
    assert all(slot["influence_conversation"] is False for slot in domain()["slots"].values())


def test_nothing_waits_for_the_start_of_a_conversation_or_pauses() -> None:
    text = "".join(p.read_text(encoding="utf-8") for p in (ROOT / "data" / "rules").glob("*.yml"))
    assert "conversation_start" not in text
    assert "action_default_fallback" not in text
    assert "pause" not in text


def test_intents_have_enough_examples() -> None:
    counts: dict[str, int] = {}
    seen: dict[str, str] = {}
    for path in (ROOT / "data" / "nlu").glob("*.yml"):
        for block in yaml.safe_load(path.read_text(encoding="utf-8"))["nlu"]:
            if "intent" in block:
                examples = [line[2:] for line in block["examples"].splitlines()]
                counts[block["intent"]] = len(examples)
                for example in examples:
                    assert seen.setdefault(example.lower(), block["intent"]) == block["intent"], example
    assert counts.keys() == set(domain()["intents"])
    counts = {name: count for name, count in counts.items() if not name.startswith(EXTERNAL)}
    assert min(counts.values()) >= 40
