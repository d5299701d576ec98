from __future__ import annotations

import pytest

from bot.training.reading_once import reading_once

pytestmark = [pytest.mark.rasa, pytest.mark.filterwarnings("ignore")]


def test_texts_are_read_and_checked_once_and_nobody_sees_anothers_changes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from rasa.shared.utils import io, validation

    read, checked = [], []
    monkeypatch.setattr(io, "read_yaml", lambda content, *a: read.append(content) or {"said": [content]})

    def check(content: str, schema: str) -> None:
        checked.append((content, schema))
        if content == "wrong":
            raise ValueError(content)

    monkeypatch.setattr(validation, "validate_yaml_schema", check)
    originals = io.read_yaml, validation.validate_yaml_schema
    with reading_once():
        first = io.read_yaml("a")
        first["said"].append("changed")
        assert io.read_yaml("a") == {"said": ["a"]}
        io.read_yaml("a", ["safe", "rt"])  # another reader: not the same question
        for schema in ("one", "one", "two"):
            validation.validate_yaml_schema("a", schema)
        for _ in range(2):
            with pytest.raises(ValueError, match="wrong"):
                validation.validate_yaml_schema("wrong", "one")
    assert read == ["a", "a"]
    assert checked == [("a", "one"), ("a", "two"), ("wrong", "one"), ("wrong", "one")]
    assert (io.read_yaml, validation.validate_yaml_schema) == originals
