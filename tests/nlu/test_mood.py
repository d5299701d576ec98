"""How upset a message is: the figures of the README, the rules of reading, and what no text may do."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.domain.message import Nlu
from bot.domain.mood import CALM, KINDS, Earlier, Mood, Situation, as_data, from_data, in_words
from bot.nlu.mood import MoodReader, Weights
from bot.nlu.mood_words import WordLists
from bot.training.evaluate_mood import figures, main, read_rows
from bot.training.mood_data import mood_reader
from tests.nlu.mood import PATH

PROJECT = Path(__file__).parents[2]


@cache
def shipped() -> MoodReader:
    """Return the reader that the shipped assistant has."""
    return mood_reader(PROJECT)


def read(text: str, *before: str | Earlier, intent: str = "") -> Mood:
    earlier = tuple(Earlier(text=one) if isinstance(one, str) else one for one in before)
    situation = Situation(earlier=earlier, intent=intent)
    return shipped().in_conversation(text, shipped().read(text), situation)


def kinds(mood: Mood) -> set[str]:
    return {sign.kind for sign in mood.evidence}


# --- the figures that the README names -----------------------------------------------------------


def test_held_out_messages_are_read_as_well_as_the_readme_says() -> None:
    rows = [row for row in read_rows(PATH) if row.half == "held-out"]
    assert len(rows) > 200
    frustration, abuse, either = figures(shipped(), rows)
    assert (frustration.precision, frustration.recall) >= (0.94, 0.70), frustration.line()
    assert frustration.recall >= 0.70, frustration.line()
    assert abuse.precision >= 0.95, abuse.line()
    assert abuse.recall >= 0.90, abuse.line()
    assert either.precision >= 0.95, either.line()


def test_trainers_can_measure_it_themselves(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main([str(PATH), "--project", str(PROJECT)]) == 0
    told = capsys.readouterr().out
    assert "held-out: " in told
    assert "ms of processor time a message" in told
    own = tmp_path / "own.csv"
    own.write_text("text,label\nyou idiots,abusive\nhow lovely,frustrated\n", encoding="utf-8")
    assert main([str(own), "--project", str(PROJECT), "--errors", ""]) == 0
    told = capsys.readouterr().out
    assert "abuse        precision 100.0% (1 of 1)" in told
    assert "frustrated read as calm (0.0): how lovely" in told
    own.write_text("text,label\nyou idiots,cross\n", encoding="utf-8")
    assert main([str(own), "--project", str(PROJECT)]) == 1
    assert "not cross" in capsys.readouterr().err


# --- what counts ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("nobody answers my emails", "frustrated"),
        ("I am fed up", "frustrated"),
        ("WHERE IS MY ORDER!!!", "frustrated"),
        ("I am fed up, nobody helps, THIS IS RIDICULOUS!!", "very_frustrated"),
        ("you idiots", "abusive"),
        ("WHERE IS MY ORDER", CALM),
        ("it came today!!!", CALM),
        ("third time I order, I love it", CALM),
        ("I am not fed up", CALM),
        ('she told me "you idiots" as a joke, where is my order', CALM),
        ("sorry, I was an idiot, wrong number", CALM),
        ("fucking brilliant lamp", CALM),
        ("ORDER AB-4521-XK", CALM),
        ("do you have the fed up mug", CALM),
    ],
)
def test_one_clear_phrase_is_enough_and_harmless_words_are_none(text: str, level: str) -> None:
    assert read(text).level == level, read(text)


def test_each_kind_of_sign_says_by_what_it_was_found() -> None:
    loud = read("STILL NO REPLY WITH MY REFUND!!! so disappointing, I am fed up")
    assert {"phrase", "punctuation", "sentiment"} <= kinds(loud)
    assert "capitals" in kinds(read("WHERE IS MY ORDER NOW"))
    some = [sign.text for sign in read("I have had NO REPLY today").evidence if sign.kind == "capitals"]
    assert some == ["NO REPLY"]
    again = read("where is my parcel 4521", "has my parcel 4521 shipped", "where is parcel 4521?")
    assert again.level == "frustrated"
    told = [sign.text for sign in again.evidence if sign.kind == "repetition"]
    assert told == ["where is parcel 4521?", "has my parcel 4521 shipped"]
    assert in_words(again.evidence) == "said it three times: “has my parcel 4521 shipped”"
    assert read("refund now please", *["my refund please"] * 6).level == "very_frustrated"


def test_the_same_again_is_not_another_order_nor_a_next_question() -> None:
    assert "repetition" not in kinds(read("where is parcel 4522", "where is parcel 4521"))
    assert "repetition" not in kinds(read("and in blue?", "do you have the rug in green"))
    assert "repetition" not in kinds(read("yes", "yes", "yes"))
    assert "repetition" not in kinds(read("when are you open", "when are you open", "thanks"))
    subscribed = Earlier(text="subscribe to the newsletter", intent="newsletter_subscription")
    assert not kinds(read("newsletter", subscribed, subscribed, intent="newsletter_subscription"))
    asked = Earlier(text="where is my red parcel", intent="track_order")
    assert "repetition" not in kinds(read("my red parcel was sent to Leeds", asked))
    assert "repetition" in kinds(read("my red parcel was sent to Leeds", asked, intent="track_order"))


def test_turns_that_lead_nowhere_weigh_but_do_not_decide() -> None:
    fell = [Earlier(text=text, fell=True) for text in ("alpha beta", "gamma delta", "epsilon zeta")]
    assert "no_progress" not in kinds(read("eta theta", fell[0]))
    stuck = read("eta theta", *fell)
    assert (kinds(stuck), stuck.level) == ({"no_progress"}, CALM)
    assert stuck.evidence[0].text == "3 messages in a row led nowhere"
    assert read("eta theta, THIS IS NOT WORKING!!", *fell).upset
    asked = [Earlier(text=text, asked="order_number") for text in ("one thing", "other", "third")]
    assert "2 messages" in in_words(read("a fourth", *asked).evidence)
    assert not read("a fifth", *asked * 9).upset
    answered = Earlier(text="when are you open", asked="order_number", aside=True)
    assert read("a fifth", *asked, answered) == Mood()


def test_who_always_writes_in_capitals_does_not_shout() -> None:
    assert not read("IS THAT POSSIBLE?? PLEASE", "GOOD EVENING TO YOU", "I WANT TO CHANGE IT").upset
    assert read("IS THAT POSSIBLE?? PLEASE", "good evening", "i want to change it").upset


def test_weights_are_the_trainers() -> None:
    lists = WordLists(phrases={"frustration": ["fed up"]})
    assert MoodReader(lists, Weights.of({"phrase": 0.4})).read("fed up").level == CALM
    assert MoodReader(lists, Weights.of({"frustrated_at": 0.7})).read("fed up").level == CALM
    for wrong in ({"phrase": 2}, {"fraze": 0.5}, {"phrase": "much"}):
        with pytest.raises(ValueError, match="is no weight"):
            Weights.of(wrong)
    with pytest.raises(ValueError, match="broken"):
        MoodReader(WordLists(regexes={"abuse": ["("]}))


def test_signs_in_words_for_agents() -> None:
    mood = read("third time I ask, WHERE IS MY PARCEL!!")
    assert from_data(as_data(mood)) == mood
    assert in_words(mood.evidence).startswith("said “third time")
    assert in_words(()) == ""


def test_messages_that_were_stored_before_have_no_mood() -> None:
    old = msgspec.json.decode(b'{"intents": [], "entities": [], "fallback": true}', type=Nlu)
    assert old == Nlu(fallback=True)
    assert old.mood is None


# --- what holds for any text -----------------------------------------------------------------------


@given(st.text(max_size=1_500), st.lists(st.text(max_size=200), max_size=8))
@example("!" * 1_200, ["!" * 50])
@example("FUCK " * 300, [])
@example("Aİß’“”", ["ıİ"])
@settings(max_examples=150, deadline=None)
def test_any_text_is_read(text: str, before: list[str]) -> None:
    check(text, before)


@given(
    st.lists(
        st.sampled_from(
            re.findall(
                r"\S+",
                "you idiot fed up THIS IS RIDICULOUS third time not love mug !! ?! \" ' 4521 nobody helps",
            )
        ),
        max_size=30,
    )
)
@settings(max_examples=150, deadline=None)
def test_any_mixture_of_signs_is_read(words: list[str]) -> None:
    check(" ".join(words), [" ".join(words[:5]), " ".join(words[5:])])


def check(text: str, before: list[str]) -> None:
    alone = shipped().read(text)
    for sign in alone.evidence:
        assert sign.text in text
    for mood in (alone, read(text, *before)):
        assert 0 <= mood.frustration <= 1
        assert 0 <= mood.abuse <= 1
        for sign in mood.evidence:
            assert sign.kind in KINDS
            assert 0 <= sign.weight <= 1
        assert (mood.level == CALM) or mood.evidence


CODE = st.builds(
    "{}{}{}{}".format,
    st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=5),
    st.sampled_from(["", "-", "#", "/"]),
    st.integers(10, 99_999_999),
    st.sampled_from(["", "-UK", "XL", "-GB-7"]),
)


@given(
    CODE, CODE, st.sampled_from(["where is {} please", "ORDER {}", "{} and {}", "{}", "it is {}, not {}"])
)
@settings(max_examples=150, deadline=None)
def test_order_numbers_in_capitals_never_count(one: str, other: str, form: str) -> None:
    mood = read(form.format(one, other))
    assert mood == Mood(), (form, mood)
