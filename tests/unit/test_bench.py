"""The benchmarks' own arithmetic: what is promised, what the README shows, how slow answers count."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.bench import dialogues, flat, nlu, picture, readme, rest_report, results, training
from tests.bench.figures import Figure
from tests.bench.load import Figures, Tally
from tests.bench.report import Bound, Options, Outcome
from tests.bench.rest import LOADS, Runs
from tests.bench.results import Results
from tests.bench.stock_models import Training

SVG = "{http://www.w3.org/2000/svg}"
FAST = Figure(
    key="throughput-16",
    what="messages a second",
    ours=300.0,
    theirs=20.0,
    more=True,
    times=12.0,
    goal=20.0,
)
TURN = Figure(key="one-turn", what="a turn <p50>", ours=8.0, theirs=48.0, unit="ms", times=5.0)
RIGHT = Figure(
    key="accuracy-hint3/curekart_train",
    what="accuracy",
    ours=87.6,
    theirs=80.5,
    unit="%",
    more=True,
    limit=87.0,
    beat=True,
)
RUN = Results(
    machine="2 cores", minutes=17.6, rounds=3, seconds=12.0, pinned=True, figures=[FAST, TURN, RIGHT]
)


def broken(figure: Figure) -> list[bool]:
    return [not bound.kept for bound in figure.bounds()]


def test_ratios_say_how_much_better_we_are() -> None:
    assert FAST.better == 15.0
    assert TURN.better == 6.0
    assert RIGHT.better == pytest.approx(7.1)
    assert replace(FAST, theirs=None).better is None
    assert RIGHT.gain() == "+7.1 points"
    assert replace(TURN, about=True).row()[2:4] == ("about 48 ms", "about 6.0 times")


def test_a_broken_promise_fails() -> None:
    assert broken(FAST) == [False]
    assert broken(replace(FAST, ours=239.0)) == [True]
    assert broken(TURN) == [False]
    assert broken(replace(TURN, ours=10.0)) == [True]
    assert broken(RIGHT) == [False, False]
    assert broken(replace(RIGHT, ours=86.9)) == [True, False]
    assert broken(replace(RIGHT, ours=88.0, theirs=88.5)) == [False, True]
    assert broken(replace(RIGHT, theirs=None)) == [False]
    assert broken(Figure(key="a", what="a", ours=1.3, limit=1.2)) == [True]


def test_what_the_issue_promises_over_rest() -> None:
    ours, theirs = Runs(answered=6.0, pss_with={2: 500.0, 3: 640.0}), Runs(answered=40.0, pss=1300.0)
    for load in LOADS:
        ours.figures[load] = [Figures(rate=240.0, p50=8.0)]
        theirs.figures[load] = [Figures(rate=20.0, p50=50.0)]
    both = {"Baton": ours, "stock Rasa": theirs}
    outcome = rest_report.outcome(both, "", Options())
    assert all(len(row) == len(table.columns) for table in outcome.tables for row in table.rows)
    found = outcome.promises
    assert all(bound.kept for bound in found if "until" not in bound.what)
    promised = {(bound.what.partition(":")[0].split(" (")[0], bound.limit) for bound in found}
    assert {
        ("messages a second, 16 conversations at once", 12.0),
        ("messages a second, 128 conversations at once", 12.0),
        ("messages a second, 16 conversations at once, every text new", 12.0),
        ("one turn, one customer, p50", 5.0),
        ("one turn, one customer, p50, every text new", 5.0),
        ("start to first answer", 5.0),
        ("memory", 1100.0),
        ("memory", 250.0),
    } <= promised
    assert not any("no words" in note for note in rest_report.outcome(both, "", Options()).notes)
    theirs.figures["plain", 16] = [Figures(rate=20.0, p50=50.0, messages=240, empty=60)]
    assert (
        "Stock Rasa had no words for 25% of the messages." in rest_report.outcome(both, "", Options()).notes
    )
    ours.figures["plain", 128] = [Figures(rate=239.0, p50=8.0)]
    assert not all(bound.kept for bound in rest_report.outcome(both, "", Options()).promises)


def test_what_the_issue_promises_of_understanding() -> None:
    promised = {name: (goals["accuracy"], goals.get("auroc")) for name, goals in nlu.GOALS.items()}
    assert promised == {
        "banking77/train": (0.94, None),
        "banking77/train_10": (0.865, None),
        "hwu64/train": (0.91, None),
        "hwu64/train_10": (0.83, None),
        "hint3/curekart_train": (0.87, 0.85),
        "hint3/powerplay11_train": (0.65, 0.75),
    }
    assert nlu.GOALS["banking77/train"]["calibration"] == 0.03


def test_a_training_on_a_busy_machine_counts_less_than_it_took() -> None:
    quiet = Training(epochs=12, seconds=900.0, cpu_seconds=1500.0, cores=2, others=0.02)
    assert quiet.least == 900.0
    assert replace(quiet, seconds=3000.0, others=0.6).least == 750.0
    few = Training(epochs=2, seconds=200.0, cpu_seconds=300.0, cores=2, others=0.0)
    runs = training.Runs(cold=[(60.0, 58.0)], changed=[(20.0, 19.0)])
    cold, changed = training.figures(runs, [few, quiet])
    assert cold.theirs == changed.theirs == 900.0 + 88 * 70.0, "worked out: 70 s for each further epoch"
    assert cold.gain() == "about 118 times"
    assert changed.gain() == "about 353 times"
    assert broken(cold) == [False]
    assert broken(training.figures(runs, [quiet])[0]) == [], "one training alone shows nothing"


async def test_answers_that_take_longer_than_half_the_time_are_counted() -> None:
    now = time.perf_counter()
    tally = Tally(start=now - 10, end=now + 2)
    tally.note(now - 11, "200")  # began before, ended within: a message of this time, no sample
    tally.note(now - 9, "200")
    tally.note(now - 8, "500")
    found = tally.figures()
    assert (found.messages, found.errors, len(tally.samples)) == (2, 1, 1)
    tally.end = now - 1
    tally.note(now - 5, "200")  # began within, ended after: a sample, no message
    assert (tally.figures().messages, len(tally.samples)) == (2, 2)


def test_the_picture_is_whole_and_needs_nothing_else() -> None:
    drawn = picture.draw(RUN)
    root = ElementTree.fromstring(drawn)
    words = [text.text or "" for text in root.iter(f"{SVG}text")]
    assert {"300", "20", "15.0 times", "87.6 %", "+7.1 points", "8", "48", "6.0 times"} <= set(words)
    assert root.findtext(f"{SVG}desc") == picture.described(RUN)
    assert "87.6 % against 80.5 %" in picture.described(RUN)
    assert drawn.count("http") == 1, "the name of the language alone"
    widths = [float(bar.get("width", "0")) for bar in root.iter(f"{SVG}rect") if bar.get("x") != "0.5"]
    assert len(widths) == 2 + 6
    assert widths[3] == pytest.approx(widths[2] / 15, abs=0.1), "bars of a pair have one scale"


def test_results_come_back_as_they_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "FOLDER", tmp_path)
    monkeypatch.setattr(results, "FOR_PROGRAMS", tmp_path / "bench.json")
    monkeypatch.setattr(results, "FOR_PEOPLE", tmp_path / "bench.md")
    outcome = Outcome(figures=[FAST, RIGHT], bounds=[Bound(what="errors", value=1.0, limit=0.0)])
    kept, text = results.keep({"rest": outcome}, {"flat": "it broke"}, Options(), minutes=3.0, load=0.1)
    assert results.read(tmp_path / "bench.json") == kept
    assert kept.figure("throughput-16") == FAST
    assert "| errors | 1.00 | at most 0.00 | **no** |" in text
    assert "| `flat` | it broke |  | **broke** |" in text
    assert "15.0 times | 12 times, goal 20 |" in (tmp_path / "bench.md").read_text()


def test_the_readme_is_renewed_between_its_marks_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "README.md"
    page.write_text(f"before\n{readme.BEGIN}\nold\n{readme.END}\nafter\n")
    monkeypatch.setattr(readme, "README", page)
    monkeypatch.setattr(readme, "PROJECT", tmp_path)
    monkeypatch.setattr(readme, "PICTURE", tmp_path / "bench.svg")
    run = replace(RUN, missing=["Stock Rasa was left out."])
    readme.write(run)
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "old" not in text
    assert "| messages a second | 300 | 20 | 15.0 times | 12 times, goal 20 |" in text
    assert "| a turn <p50> | 8 ms | 48 ms | 6.0 times | 5 times |" in text
    assert 'alt="Bars: Baton beside stock Rasa.' in text
    assert "12 times, goal 20 |\n" in text
    assert f"\n\nStock Rasa was left out.\n{readme.END}" in text, "what must be said stands below the table"
    assert (tmp_path / "bench.svg").read_text().startswith("<svg ")
    readme.write(run)
    assert page.read_text() == text
    page.write_text("no marks")
    with pytest.raises(ValueError, match="lacks"):
        readme.write(RUN)


def test_the_readme_has_the_marks() -> None:
    text = (results.PROJECT / "README.md").read_text()
    assert text.count(readme.BEGIN) == text.count(readme.END) == 1


def test_texts_that_are_new_are_of_plain_intents_and_hardly_come_twice() -> None:
    examples = dialogues.plain_examples()
    assert len(examples) > 500
    assert {"payment methods", "thanks", "are you a bot"} <= set(examples)
    assert not {"where is my order", "yes", "no", "hi"} & set(examples), "these need an action"
    talk = dialogues.Script(kind="varied", seed=3).dialogues()
    said = [text for _ in range(250) for text in next(talk)]
    assert len(said) == 2_000
    assert len(set(said)) > 1_900


async def test_turns_are_measured_around_their_points() -> None:
    talks: list[list[str]] = []

    async def talk() -> flat.Say:
        said: list[str] = []
        talks.append(said)

        async def say(text: str) -> float:
            said.append(text)
            return float(len(said))  # costs as much as it is late

        return say

    times = await flat.compare(talk, ("hi",), 2, points=(20, 100))
    assert [len(said) for said in talks] == [29, 109, 29, 109]
    assert times.middle(20) == pytest.approx(20, abs=1)
    assert times.middle(100) == pytest.approx(100, abs=1)
    assert len(times.at[100]) == 2 * 2 * flat.WINDOW
    assert times.middle(1000) is None
