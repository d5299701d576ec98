"""What `baton data check` finds, where, and that it finds nothing in data that are sound."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot import cli
from bot.domain.errors import ConfigError
from bot.training.checks.problem import Problem
from bot.training.checks.run import check_data
from tests.training.project import ROOT, make_project

Edit = Callable[[Path], None]


def put(file: str, old: str, new: str) -> Edit:
    def edit(project: Path) -> None:
        path = project / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    return edit


def example(text: str, *, under: str = "greet") -> Edit:
    """Add an example at the end of an intent, before the next one."""
    return put(
        "data/nlu/all.yml",
        f"- intent: {under}\n  examples: |\n",
        f"- intent: {under}\n  examples: |\n    - {text}\n",
    )


def story(steps: str, *, name: str = "s") -> Edit:
    def edit(project: Path) -> None:
        path = project / "data" / "stories" / f"{name}.yml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f'version: "3.1"\nstories:\n- story: {name}\n  steps:\n{steps}')

    return edit


NLU, RULES = "data/nlu/all.yml", "data/rules/all.yml"
TRACK = "- rule: track\n  steps:\n  - intent: track_order\n  - action: utter_track\n"
FINDS: dict[str, tuple[list[Edit], str, str, str]] = {
    "a line without a dash": (
        [
            put(
                "data/nlu/all.yml",
                "- intent: greet\n  examples: |\n",
                "- intent: greet\n  examples: |\n    hey you\n",
            )
        ],
        "error",
        "unread",
        f"{NLU}:5",
    ),
    "a bar that was forgotten": (
        [put("data/nlu/all.yml", "- intent: greet\n  examples: |\n", "- intent: greet\n  examples:\n")],
        "error",
        "unread",
        f"{NLU}:3",
    ),
    "case and punctuation": ([example("Good Bye!")], "error", "two_intents", f"{NLU}:5"),
    "entity values": (
        [example("where is my order [9](order_number)?")],
        "error",
        "two_intents",
        f"{NLU}:5",
    ),
    "an entity that is not marked": ([example("has ab-1234 shipped")], "error", "two_intents", f"{NLU}:5"),
    "rules": (
        [
            put(
                RULES,
                "- rule: bye\n",
                "- rule: bye\n  steps:\n  - intent: goodbye\n  - action: utter_greet\n- rule: b\n",
            )
        ],
        "error",
        "contradiction",
        f"{RULES}:10",
    ),
    "stories": (
        [
            put(RULES, TRACK, ""),
            story(
                "  - intent: track_order\n  - action: utter_track\n  - action: utter_bye\n  - intent: greet\n"
            ),
            story("  - intent: track_order\n  - action: utter_track\n  - intent: greet\n", name="t"),
        ],
        "error",
        "contradiction",
        "data/stories/s.yml:7",
    ),
    "a story and a rule": (
        [story("  - intent: greet\n  - action: utter_bye\n")],
        "error",
        "contradiction",
        "data/stories/s.yml:6",
    ),
    "a story that goes on": (
        [story("  - intent: track_order\n  - action: utter_track\n  - action: utter_bye\n")],
        "error",
        "contradiction",
        "data/stories/s.yml:7",
    ),
    "one way of several": (
        [story("  - or:\n    - intent: goodbye\n    - intent: greet\n  - action: utter_bye\n")],
        "error",
        "contradiction",
        "data/stories/s.yml:8",
    ),
    "a response that is missing": (
        [put(RULES, "action: utter_bye", "action: utter_by")],
        "error",
        "missing_response",
        f"{RULES}:10",
    ),
    "a form without words": (
        [put("domain.yml", "responses:", "forms:\n  f:\n    required_slots: [order_number]\nresponses:")],
        "error",
        "missing_response",
        "domain.yml:9",
    ),
    "a response that is unused": (
        [put("domain.yml", "responses:\n", "responses:\n  utter_new:\n  - text: New.\n")],
        "warning",
        "unused_response",
        "domain.yml:9",
    ),
    "an action": (
        [put(RULES, "action: utter_bye", "action: act")],
        "error",
        "unknown_action",
        f"{RULES}:10",
    ),
    "an intent": (
        [put(RULES, "intent: goodbye", "intent: leave")],
        "error",
        "unknown_intent",
        f"{RULES}:9",
    ),
    "an intent that a button sends": (
        [
            put(
                "domain.yml",
                '  - text: "Bye."\n',
                '  - text: "Bye."\n    buttons:\n    - {title: "T", payload: "/trck{{}}"}\n'
                '    - {title: "W", payload: "/track_order"}\n    - {title: "Q", payload: "/system_leave_queue"}\n',
            )
        ],
        "error",
        "unknown_intent",
        "domain.yml:15",
    ),
    "a slot": (
        [
            put(
                RULES,
                "  - action: utter_track\n",
                "  - slot_was_set: [{order_numbr: x}, order_number]\n  - action: utter_track\n",
            )
        ],
        "error",
        "unknown_slot",
        f"{RULES}:14",
    ),
    "nothing answers": (
        [put(RULES, TRACK, "")],
        "warning",
        "unanswered_intent",
        f"{NLU}:18",
    ),
    "an entity": ([example("hi [Ann](name)")], "error", "unknown_entity", f"{NLU}:5"),
    "an entity in braces": (
        [example('hi [Ann]{"entity": "name", "role": "first"}')],
        "error",
        "unknown_entity",
        f"{NLU}:5",
    ),
    "a lookup": ([put(NLU, "lookup: product", "lookup: prduct")], "error", "unknown_entity", f"{NLU}:27"),
    "a synonym": (
        [
            put(
                NLU,
                "- synonym: sneakers\n",
                "- synonym: sandals\n  examples: |\n    - Kicks\n- synonym: sneakers\n",
            )
        ],
        "error",
        "synonym",
        f"{NLU}:31",
    ),
    "a value in braces": (
        [example('my [kicks]{"entity": "product", "value": "sandals"}')],
        "error",
        "synonym",
        f"{NLU}:32",
    ),
    "a pattern": ([put(NLU, "#?\\b(", "#?((")], "error", "regex", f"{NLU}:24"),
    "a thin intent": ([put(NLU, "    - good bye\n", "")], "warning", "thin", f"{NLU}:12"),
    "an intent without examples": (
        [put("domain.yml", "track_order]", "track_order, help]")],
        "warning",
        "thin",
        "domain.yml:2",
    ),
    "twice": ([example("HELLO")], "warning", "repeated", f"{NLU}:5"),
    "nearly the same": (
        [example("what a lovely morning it is today"), example("what a lovely morning it is todayy")],
        "warning",
        "nearly_same",
        f"{NLU}:5",
    ),
    "nearly the same under two": (
        [example("have a nice evening all"), example("have a nice evening al", under="goodbye")],
        "warning",
        "nearly_same",
        f"{NLU}:5",
    ),
    "an e-mail": ([example("hi, ann@gmail.com")], "warning", "personal", f"{NLU}:5"),
    "a telephone": ([example("hi, call +49 170 5551234")], "warning", "personal", f"{NLU}:5"),
    "an American telephone": ([example("hi, call (415) 626-2671")], "warning", "personal", f"{NLU}:5"),
    "a card": ([example("hi, 4539 1488 0343 6467")], "error", "personal", f"{NLU}:5"),
    "an account": ([example("hi, GB82 WEST 1234 5698 7654 32")], "error", "personal", f"{NLU}:5"),
}
"""What a trainer makes of the small project, and the one finding that must come of it."""


def found(project: Path, *edits: Edit, thin: int = 4) -> list[Problem]:
    for edit in edits:
        edit(project)
    return check_data(project, thin=thin)


@pytest.mark.parametrize("name", FINDS)
def test_each_mistake_is_found_where_it_is(tmp_path: Path, name: str) -> None:
    edits, level, kind, place = FINDS[name]
    problems = [p for p in found(make_project(tmp_path), *edits) if p.kind == kind]
    assert [(p.level, p.place) for p in problems] == [(level, place)], problems
    assert all(p.message.endswith(".") and p.advice.endswith(".") for p in problems)


@pytest.mark.parametrize(
    "edit",
    [
        example("hi, ann@example.com or ann@mail.example.co.uk"),
        example("hi, call 020 7946 0018 or 07700 900123 or (212) 555-0143"),
        example("hi, parcel 00340043412312345 and order 4539148803436468"),
        example("[x](product)", under="goodbye"),
        story("  - intent: greet\n  - action: utter_greet\n  - intent: goodbye\n  - action: utter_bye\n"),
        put("domain.yml", "mappings: [{type: from_entity, entity: order_number}]", "mappings: []"),
    ],
)
def test_what_is_sound_is_left_alone(tmp_path: Path, edit: Edit) -> None:
    assert found(make_project(tmp_path), edit) == []


def test_a_story_that_lists_what_code_says_makes_a_response_used(tmp_path: Path) -> None:
    new = put("domain.yml", "responses:\n", "responses:\n  utter_new:\n  - text: New.\n")
    assert found(make_project(tmp_path), new, story("  - action: utter_new\n")) == []


def test_errors_come_first_and_other_places_are_named(tmp_path: Path) -> None:
    problems = found(make_project(tmp_path), example("HELLO"), example("bye"), thin=50)
    assert [p.level for p in problems] == sorted(p.level for p in problems)
    assert problems[0].others == (f"{NLU}:14 (goodbye)",)


def test_a_file_that_is_no_yaml_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"all\.yml"):
        found(make_project(tmp_path), put(NLU, "nlu:\n", "nlu: [\n"))


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATON_PROJECT_DIR", str(make_project(tmp_path)))
    baton = CliRunner()
    done = baton.invoke(cli.app, ["data", "check", "--thin", "2"])
    assert (done.exit_code, done.output) == (0, "Nothing is wrong with the data.\n")
    done = baton.invoke(cli.app, ["data", "check", "--thin", "5"])
    assert done.exit_code == 0
    assert "0 errors and 2 warnings." in done.output
    for number in range(12):
        example(f"bye {'abcdefghijkl'[number] * 5}")(tmp_path)
        example(f"bye {'abcdefghijkl'[number] * 5}", under="goodbye")(tmp_path)
    done = baton.invoke(cli.app, ["data", "check", "--thin", "2"])
    assert done.exit_code == 1
    assert "Errors: examples under two intents (12)" in done.output
    assert "  and 2 more; --all shows them" in done.output
    done = baton.invoke(cli.app, ["data", "check", "--thin", "2", "--json"])
    assert done.exit_code == 1
    told = json.loads(done.output)
    assert (told["errors"], told["warnings"], len(told["findings"])) == (12, 0, 12)
    assert told["findings"][0]["place"].startswith(NLU)


def test_the_shipped_data_have_no_errors() -> None:
    started = time.process_time()
    problems = check_data(ROOT)
    assert [p for p in problems if p.level == "error"] == []
    assert len(problems) < 20
    assert time.process_time() - started < 10
