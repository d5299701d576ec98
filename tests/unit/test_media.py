"""Names of files, and their signed addresses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.media import MAX_NAME, clean_name, is_program
from bot.services.media_links import MediaLinks
from tests.support.clock import FakeClock

TEXT = (".txt", ".log")


@pytest.mark.parametrize(
    ("given_name", "expected"),
    [
        ("notes.txt", "notes.txt"),
        ("NOTES.TXT", "NOTES.TXT"),
        ("server.log", "server.log"),
        ("", "file.txt"),
        (".txt", "txt.txt"),
        ("...", "file.txt"),
        ("../../etc/passwd", "passwd.txt"),
        ("C:\\Users\\kim\\a b.txt", "a b.txt"),
        ("/", "file.txt"),
        ("run.bat", "run.bat.txt"),
        ("photo.jpg", "photo.jpg.txt"),
        ("invoice\u202etxt.exe", "invoicetxt.exe.txt"),
        ("a\0b\r\nc\x1b.txt", "abc.txt"),
        ('a"; filename="b.txt', "a; filename=b.txt"),
        ("  spaced   out  .txt", "spaced out.txt"),
        ("Rechnung für Zoë.txt", "Rechnung für Zoë.txt"),
        ("Zoe\u0308.txt", "Zoë.txt"),
        ("日本語.txt", "日本語.txt"),
        ("con.txt.", "con.txt"),
        ("a" * 300 + ".txt", "a" * 116 + ".txt"),
    ],
)
def test_names_are_cleaned(given_name: str, expected: str) -> None:
    assert clean_name(given_name, TEXT) == expected


@given(st.text(max_size=300))
def test_any_name_becomes_a_safe_one(name: str) -> None:
    clean = clean_name(name, TEXT)
    assert 4 < len(clean) <= MAX_NAME
    assert clean.lower().endswith(TEXT)
    assert clean.isprintable()
    assert not set('/\\":*?<>|') & set(clean)
    assert clean_name(clean, TEXT) == clean


@pytest.mark.parametrize("name", ["a.exe", "A.EXE", "a.txt.js", "page.html", "x.svg", "a.lnk ", "a.exe. ."])
def test_names_of_programs_are_known(name: str) -> None:
    assert is_program(name)


@pytest.mark.parametrize("name", ["a.txt", "exe", "", "a.exe.txt", "html"])
def test_other_names_are_no_programs(name: str) -> None:
    assert not is_program(name)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def parts(path: str) -> tuple[str, str]:
    _, media, found_id, signature, _ = path.split("/")
    assert media == "media"
    return found_id, signature


def test_an_address_is_the_same_all_day_and_good_for_one_more(clock: FakeClock) -> None:
    links = MediaLinks(secret="s", clock=clock)
    path = links.path("f1", "Füße 1.png")
    assert path.isascii()
    assert path.endswith("/F%C3%BC%C3%9Fe%201.png")
    clock.move(43_140)
    assert links.path("f1", "Füße 1.png") == path
    clock.move(120)
    assert links.path("f1", "Füße 1.png") != path
    assert links.seconds_left(*parts(path)) == 86_400 - 60
    clock.move(86_400 - 61)
    assert links.seconds_left(*parts(path)) == 1
    clock.move(1)
    assert links.seconds_left(*parts(path)) == 0


def test_only_our_own_addresses_are_good(clock: FakeClock) -> None:
    links = MediaLinks(secret="s", clock=clock)
    media_id, signature = parts(links.path("f1", "a.png"))
    day, _, mac = signature.partition(".")
    later = f"{int(day, 16) + 1:x}"
    wrong = [
        f"{later}.{mac}",
        f"{day}.{mac[:-1]}",
        f"{day}.{mac}x",
        f"{day}.",
        day,
        mac,
        "",
        ".",
        f"0{day}.{mac}",
    ]
    wrong += [
        f"-1.{mac}",
        f"+{day}.{mac}",
        f"{day}_0.{mac}",
        f"{day}.é",
        "\udcff",
        "٣.a",
        f" {day}.{mac}",
        "f" * 500,
    ]
    assert links.seconds_left(media_id, signature) > 0
    assert [one for one in wrong if links.seconds_left(media_id, one)] == []
    assert links.seconds_left("f2", signature) == 0
    assert MediaLinks(secret="other", clock=clock).seconds_left(media_id, signature) == 0
