"""CSV files as people make them: what can be read is read, and what cannot says why and where."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.domain.errors import ConfigError
from bot.training.measure import Row
from bot.training.rows import MAX_LINES, read_rows

HELLO = [Row(text="hello", intent="greet"), Row(text='the "blue" one,\nplease', intent="order")]
PLAIN = 'text,intent\nhello,greet\n"the ""blue"" one,\nplease",order\n'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "messages.csv"


@pytest.mark.parametrize(
    "content",
    [
        PLAIN.encode(),
        b"\xef\xbb\xbf" + PLAIN.encode(),
        PLAIN.replace("\n", "\r\n").replace("one,\r\n", "one,\n").encode(),
        b'id,intent,text\n1,greet,hello\n2,order,"the ""blue"" one,\nplease"\n',
        PLAIN.replace("greet", " greet ").encode(),
    ],
)
def test_what_programs_write_is_read(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert read_rows(path) == HELLO


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"question,label\na,b\n", "not “question,label”"),
        (b"text;intent\na;b\n", "separate them by commas"),
        (b"text,intent\n", "no labelled rows"),
        (b"text,intent\nhello,\n", "no labelled rows"),
        ("text,intent\nhello,greet\ncafé,order\n".encode("latin-1"), "line 3: this is not UTF-8"),
        ("text,intent\nhello,greet\n".encode("utf-16"), "line 1: this is not UTF-8"),
        (b'text,intent\nhi,greet\n"hello,greet\n' + b"a,b\n" * MAX_LINES, "line 3: a quotation mark"),
    ],
)
def test_what_cannot_be_read_says_why(path: Path, content: bytes, said: str) -> None:
    path.write_bytes(content)
    with pytest.raises(ConfigError) as refused:
        read_rows(path)
    assert refused.value.message.startswith(str(path))
    assert said in refused.value.message


def test_a_file_that_is_not_there(path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        read_rows(path)


def test_rows_without_a_label_are_told(path: Path) -> None:
    said: list[str] = []
    path.write_text("text,intent\nhello,greet\nwhat is this,\n,\nbye,  \n")
    assert read_rows(path, said.append) == HELLO[:1]
    assert said == ["messages.csv: 2 rows without an intent are left out, the first in line 3."]
