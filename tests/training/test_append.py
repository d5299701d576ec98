"""One example more in data/nlu, and everything else as it was; and what of a message may go there."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bot.domain.errors import ConfigError, Conflict, InvalidInput, NotFound
from bot.training.append import add_example
from bot.training.examples import nlu_files, plain_words, read_examples
from bot.training.proposal import Proposer
from tests.training.project import ROOT, make_project

NEW = "has my [4521](order_number) set off"


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the shipped assistant's data."""
    project = tmp_path_factory.mktemp("shipped")
    shutil.copytree(ROOT / "data", project / "data")
    shutil.copy(ROOT / "domain.yml", project)
    return project


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project")


def nlu(project: Path, content: str) -> Path:
    for old in nlu_files(project):
        old.unlink()
    path = project / "data" / "nlu" / "some.yml"
    path.write_bytes(content.encode())
    return path


def test_the_shipped_files_get_one_line_more(shipped: Path) -> None:
    intents = sorted({example.intent for example in read_examples(shipped)})
    assert len(intents) >= 45
    for number, intent in enumerate(intents):
        before = {path: path.read_text() for path in nlu_files(shipped)}
        text = f"quokka {number} wombat"
        place = add_example(shipped, intent, text)
        path = shipped / place.path
        changed = {p for p, content in before.items() if p.read_text() != content}
        assert changed == {path}, intent
        lines, after = before[path].split("\n"), path.read_text().split("\n")
        assert after == [*lines[: place.line - 1], f"    - {text}", *lines[place.line - 1 :]]
    assert {e.intent for e in read_examples(shipped) if e.text.startswith("quokka")} == set(intents)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            "nlu:\n- intent: greet # hi\n  examples: |\n    - hi\n\n# more\n- intent: bye\n  examples: |\n    - bye\n",
            (
                "nlu:\n- intent: greet # hi\n  examples: |\n    - hi\n    - NEW\n\n# more\n- intent: bye\n"
                "  examples: |\n    - bye\n"
            ),
        ),
        ("nlu:\n- intent: greet\n  examples: |\n    - hi", "nlu:\n- intent: greet\n  examples: |\n    - hi\n    - NEW\n"),
        (
            'nlu:\r\n  - intent: "greet"\r\n    examples: |-\r\n      - hi\r\n',
            'nlu:\r\n  - intent: "greet"\r\n    examples: |-\r\n      - hi\r\n      - NEW\r\n',
        ),
        (
            (
                "nlu:\n- intent: greet\n  metadata: {a: 1}\n  examples: |\n      - hi\n      # kept\n- regex: x\n"
                "  examples: |\n    - x\n"
            ),
            (
                "nlu:\n- intent: greet\n  metadata: {a: 1}\n  examples: |\n      - hi\n      # kept\n"
                "      - NEW\n- regex: x\n  examples: |\n    - x\n"
            ),
        ),
    ],
)  # fmt: skip
def test_comments_order_and_line_breaks_stay(project: Path, content: str, expected: str) -> None:
    path = nlu(project, content)
    add_example(project, "greet", NEW)
    assert path.read_bytes().decode() == expected.replace("NEW", NEW)


def test_the_first_example_of_an_intent_makes_a_file(project: Path) -> None:
    nlu(project, "nlu:\n- intent: greet\n  examples: |\n    - hi\n")
    place = add_example(project, "track_order", NEW)
    assert str(place) == "data/nlu/track_order.yml:5"
    assert add_example(project, "track_order", "where is it now").line == 6


def test_what_is_there_already_is_refused(project: Path) -> None:
    path = nlu(
        project, "nlu:\n- intent: greet\n  examples: |\n    - hi\n    - Where's my [4521](order_number)?\n"
    )
    before = path.read_bytes()
    with pytest.raises(Conflict, match=r"is an example of greet already, at data/nlu/some\.yml:5\."):
        add_example(project, "greet", "where\u2019s my  [4521](order_number)")
    with pytest.raises(Conflict, match=r"is an example of greet at .* cannot mean both"):
        add_example(project, "track_order", "Hi!")
    assert path.read_bytes() == before
    assert len(nlu_files(project)) == 1


def test_what_cannot_be_added(project: Path) -> None:
    for text in ("", "?!", "a\nb", "x" * 1_001, "a\u2028b"):
        with pytest.raises(InvalidInput):
            add_example(project, "greet", text)
    with pytest.raises(NotFound, match="no intent refund_voucher"):
        add_example(project, "refund_voucher", "x y")
    for content in (
        "nlu:\n- intent: greet\n  examples:\n  - text: hi\n",
        "nlu:\n  - {intent: greet, examples: '- hi'}\n",
        "nlu:\n- {intent: greet, examples: '- hi'}\nresponses: {}\n",
    ):
        path = nlu(project, content)
        with pytest.raises(ConfigError, match="by hand"):
            add_example(project, "greet", NEW)
        assert path.read_text() == content


# --- what a message becomes


@pytest.fixture(scope="module")
def proposer() -> Proposer:
    return Proposer(ROOT)


def test_nothing_personal_is_left_and_entities_are_marked(proposer: Proposer) -> None:
    text = (
        "Hi, Tariq Mahmood here, order #4598 to tariq.m@mail.example never came,"
        " call +44 7700 900555 or 00340043412399999, M14 5TP"
    )
    found = proposer.propose(text, names=["Tariq Mahmood", ""])
    for private in ("ariq", "ahmood", "4598", "mail.example", "900555", "99999", "M14 5TP"):
        assert private not in found.text
    assert found.text.startswith("Hi, Jane Doe here, order #[")
    for entity in ("order_number", "email", "postcode"):
        assert f"]({entity})" in found.text
    kinds = [replaced.split()[0] for replaced in found.replaced]
    assert kinds == ["name", "name", "order_number", "email", "phone", "number", "postcode"]
    assert proposer.propose(text, names=["Tariq Mahmood"]) == found, "the same again"


def test_values_are_those_of_the_examples(proposer: Proposer) -> None:
    known = {e.text for e in read_examples(ROOT)}
    value = proposer.propose("4598").text
    assert value.startswith("[")
    assert any(value in text for text in known)


def test_what_a_person_must_look_at_is_said(proposer: Proposer) -> None:
    assert proposer.propose("my name is Bob").doubts == ("It says a name.",)
    assert proposer.propose("send it to 12 Canal Street").doubts == ("It may hold an address.",)
    assert len(proposer.propose("x y " * 80).doubts) == 1
    plain = proposer.propose("where is my parcel")
    assert (plain.text, plain.replaced, plain.doubts) == ("where is my parcel", (), ())


def test_nobody_writes_our_marks(project: Path, proposer: Proposer) -> None:
    nlu(project, "nlu:\n- intent: greet\n  examples: |\n    - hi\n")
    for text in ("[x](order_number) y", '[x]{"entity": "email"} z', "- #a: |\t\x00\x85b\ufffe", "'\"{ %y"):
        found = proposer.propose(text)
        assert "](order_number)" not in found.text
        add_example(project, "greet", found.text)
        assert read_examples(project)[-1].text == found.text.removeprefix("- ").strip() or found.text
        assert plain_words(found.text) in {e.words for e in read_examples(project)} or text.startswith("-")
