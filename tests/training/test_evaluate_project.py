"""Evaluating a whole project: hints, cross-validation, test stories, and the page of it all."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest

from bot.domain.errors import ConfigError
from bot.training.cross import cross_validate
from bot.training.evaluate_project import evaluate_project
from bot.training.evaluation import Evaluation, part
from bot.training.examples import Example
from bot.training.hints import Explainer
from bot.training.measure import Prediction, Row, bins, is_right, report
from bot.training.page import STYLE, page
from bot.training.registry import live_model
from bot.training.story_tests import Failure, StoryResult
from tests.training.project import make_project, run

pytestmark = [pytest.mark.rasa, pytest.mark.filterwarnings("default")]

Trained = tuple[Path, Path]


def examples(intent: str, *texts: str) -> list[Example]:
    return [Example(intent, text, Path(f"data/nlu/{intent}.yml")) for text in texts]


ASKED = [f"where is my {thing}" for thing in ("order", "parcel", "lamp", "chair", "box")]
KNOWN = [
    *examples("track_order", *ASKED, *(f"track {n}" for n in range(45))),
    *examples(
        "track_refund", "has my money been paid", "refund status", *(f"paid back {n}" for n in range(45))
    ),
    *examples("greet", *(f"hello {n}" for n in range(45))),
    *examples("goodbye", *(f"bye {n}" for n in range(45))),
    *examples("help", *(f"help me {n}" for n in range(45))),
    *examples("inform", *(f"it is number {n}" for n in range(45))),
]


def seen(intent: str, confidence: float = 0.9, *, fallback: bool = False) -> Prediction:
    return Prediction(intent=intent, confidence=confidence, fallback=fallback)


def test_hints_name_the_words_and_the_examples_that_mislead() -> None:
    rows = [Row(text=f"where is my refund for the {thing}", intent="track_refund") for thing in "abc"]
    rows += [Row(text="greetings", intent="greet"), Row(text="nothing of ours", intent="out_of_scope")]
    predictions = [seen("track_order")] * 3 + [seen("help", 0.4), seen("help")]
    worst, other = Explainer(KNOWN).explain(rows, predictions)
    assert (worst.truth, worst.predicted, len(worst.messages)) == ("track_refund", "track_order", 3)
    assert worst.hints[0].startswith(
        "3 of these 3 messages are nearest to examples that stand under track_order"
    )
    assert "'where is' is in 5 examples of track_order and none of track_refund" in worst.hints[1] or (
        "'is my' is in 5 examples of track_order and none of track_refund" in worst.hints[1]
    )
    assert worst.hints[1].endswith("'.")
    assert (other.truth, other.messages) == ("greet", (("greetings", 0.4),))


def test_a_hint_asks_whether_a_close_example_stands_in_the_right_place() -> None:
    rows = [Row(text="where is my parcels", intent="track_refund")]
    (mixed,) = Explainer(KNOWN).explain(rows, [seen("track_order")])
    assert mixed.hints[0] == (
        '"where is my parcel" (track_order.yml) stands under track_order and is close to them: does it belong '
        "there?"
    )


def test_a_hint_counts_the_examples_of_a_thin_intent() -> None:
    known = [*KNOWN, *examples("warranty", "is there a guarantee")]
    (mixed,) = Explainer(known).explain([Row(text="zzz", intent="warranty")], [seen("help")])
    assert mixed.hints == ("warranty has 1 example, help has 45: write more for warranty.",)


def test_what_counts_as_right() -> None:
    inside, outside = Row(text="a", intent="greet"), Row(text="b", intent="oos")
    assert is_right(inside, seen("greet"))
    assert not is_right(inside, seen("greet", fallback=True))
    assert not is_right(inside, seen("help"))
    assert is_right(outside, seen("greet", fallback=True))
    assert not is_right(outside, seen("greet"))


def test_bins() -> None:
    rows = [Row(text=str(n), intent="greet") for n in range(4)] + [Row(text="x", intent="oos")]
    predictions = [
        seen("greet", 1.0),
        seen("greet", 0.92),
        seen("help", 0.94),
        seen("greet", 0.3),
        seen("greet"),
    ]
    low, high = bins(rows, predictions)
    assert (low.low, low.rows, low.accuracy) == (0.3, 1, 1.0)
    assert (high.low, high.rows, high.accuracy) == (0.9, 3, pytest.approx(2 / 3))
    assert high.confidence == pytest.approx((1.0 + 0.92 + 0.94) / 3)


# --- the page -------------------------------------------------------------------------------------


def evaluation() -> Evaluation:
    rows = [Row(text=f"where is my refund <b>{n}</b>", intent="track_refund") for n in range(9)]
    rows += [
        Row(text="hi", intent="greet"),
        Row(text="hm", intent="greet"),
        Row(text="moon?", intent="oos"),
    ]
    predictions = [seen("track_order", 0.8)] * 9 + [
        seen("greet"),
        seen("greet", 0.2, fallback=True),
        seen("greet"),
    ]
    held_out = part(
        "held_out",
        "Held-out messages",
        "12 messages of a&b.csv",
        rows,
        predictions,
        figures=report(rows, predictions),
        explainer=Explainer(KNOWN),
    )
    failure = Failure(
        story="a <story>", place="tests/stories/a.yml:4", after="greet", expected="x", done="y"
    )
    return Evaluation(
        model="m1",
        project="shop",
        made=datetime(2026, 11, 28, tzinfo=UTC),
        parts=(held_out,),
        stories=StoryResult(stories=3, failures=(failure,)),
    )


class Tags(HTMLParser):
    """Counts what is opened and not closed, and keeps the attributes and the text."""

    VOID = frozenset({"meta"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_stands_alone_and_says_everything() -> None:
    html = page(evaluation())
    tags = Tags()
    tags.feed(html)
    assert tags.open == []
    assert "<script" not in html
    assert not re.search(r"(?:src|href)=\"(?!#)|url\(|@import|https?:", html)
    ids = [value for _, name, value in tags.attributes if name == "id"]
    assert len(ids) == len(set(ids)) > 1
    assert {v[1:] for _, n, v in tags.attributes if n == "href"} <= set(ids)
    for words in (
        "a&b.csv",
        "where is my refund <b>8</b>",
        "3 more",
        "nearest to examples that stand under track_order",
        "What falls back (1)",
        "What is answered and should not be (1)",
        "a <story>",
        "tests/stories/a.yml:4",
        "2 of 3",
    ):
        assert words in tags.text, words
    labels = [v for t, n, v in tags.attributes if t == "svg" and n == "aria-label"]
    assert labels[0].startswith("Confusion matrix. 11 messages of 3 intents; 9 stand beside the diagonal.")
    assert "9 messages at 80%: 0% right" in labels[1]


def contrast(one: str, other: str) -> float:
    def light(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_page_can_be_read_in_light_and_dark() -> None:
    schemes = re.findall(r":root \{(.*?)\}", STYLE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(schemes) == 2
    for scheme in schemes:
        colours = dict(re.findall(r"--([\w-]+): (#\w{6})", scheme))
        for ink in ("ink", "soft", "accent", "good", "bad"):
            assert contrast(colours[ink], colours["card"]) >= 4.5, ink
            assert contrast(colours[ink], colours["ground"]) >= 4.5, ink
        assert contrast(colours["bad-ink"], colours["bad"]) >= 4.5
        assert contrast(colours["ink"], colours["good-ground"]) >= 4.5


def test_everything_is_there_for_programs() -> None:
    told = json.loads(json.dumps(evaluation().as_json()))
    assert told["held_out"]["in_scope"] == 11
    assert told["held_out"]["explained"][0]["predicted"] == "track_order"
    assert told["stories"]["failures"][0]["story"] == "a <story>"


# --- cross-validation and stories ------------------------------------------------------------------


def without_encoder(project: Path) -> Path:
    config = project / "config.yml"
    named = "CascadeIntentClassifier\n    encoder: none\n"
    config.write_text(config.read_text().replace("CascadeIntentClassifier\n", named))
    return project


def test_every_example_is_read_once_by_a_model_that_has_not_seen_it(tmp_path: Path) -> None:
    project = without_encoder(make_project(tmp_path))
    nlu = project / "data/nlu/all.yml"
    nlu.write_text(nlu.read_text().replace("    - hi\n", "    - hi\n    - Hi!\n"))
    said: list[str] = []
    rows, predictions = cross_validate(project, 2, said.append)
    assert Counter(row.intent for row in rows) == {"greet": 5, "goodbye": 4, "track_order": 4}
    assert len(predictions) == 13
    assert "where is my order 4521" in {row.text for row in rows}
    assert [line for line in said if line.startswith("Part")] == [
        f"Part {n} of 2: training without it, then reading it …" for n in (1, 2)
    ]
    by_text = {row.text: p for row, p in zip(rows, predictions, strict=True)}
    assert by_text["hi"].confidence < 0.9  # nothing but itself says what it means
    assert any(p.fallback for p in predictions)


def test_too_few_examples_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="too few"):
        cross_validate(without_encoder(make_project(tmp_path)), 50, lambda line: None)


STORIES = """
version: "3.1"
stories:
- story: a greeting
  steps:
  - intent: greet
  - action: utter_greet
- story: "a wrong end"
  steps:
  - intent: greet
  - action: utter_greet
  - intent: goodbye
  - action: utter_greet
  - intent: greet
  - action: utter_bye
"""


def test_the_command_measures_messages_and_stories(trained: Trained, tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(trained[0], project)
    for name, text in {
        "tests/nlu/messages.csv": "text,intent\nhello,greet\nbye bye,goodbye\nmoon landing,out_of_scope\n",
        "tests/stories/test.yml": STORIES.lstrip(),
    }.items():
        (project / name).parent.mkdir(parents=True)
        (project / name).write_text(text)
    arguments = ("--project", str(project), "--models", str(trained[1]))
    done = run("bot.training.evaluate_project", *arguments, "--report", str(tmp_path / "r.html"), "--json")
    assert done.returncode == 3, done.stderr
    told = json.loads(done.stdout)
    assert (told["held_out"]["rows"], told["held_out"]["in_scope"]) == (3, 2)
    assert told["stories"] == {
        "stories": 2,
        "failures": [
            {
                "story": "a wrong end",
                "place": "tests/stories/test.yml:7",
                "after": "goodbye",
                "expected": "utter_greet",
                "done": "utter_bye",
            }
        ],
    }
    assert "Running the test stories" in done.stderr
    assert "a wrong end" in (tmp_path / "r.html").read_text()


def test_a_project_without_anything_to_measure_with_is_told_so(trained: Trained) -> None:
    with pytest.raises(ConfigError, match=r"tests/nlu/messages\.csv"):
        evaluate_project(trained[0], live_model(trained[1]), lambda line: None)
