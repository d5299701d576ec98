"""Two trainings into one folder take turns; a stopped one changes nothing."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from bot.domain.errors import ConfigError
from bot.training import train as training
from bot.training.alone import alone


def test_the_second_waits_and_says_so(tmp_path: Path) -> None:
    order: list[str] = []
    waits = threading.Event()

    def told(line: str) -> None:
        order.append(line)
        waits.set()

    def second() -> None:
        with alone(tmp_path / "models", told):
            order.append("second")

    with alone(tmp_path / "models", order.append):
        thread = threading.Thread(target=second)
        thread.start()
        assert waits.wait(10)
        order.append("first")
    thread.join(10)
    assert order == [
        "Another training is running here; this one begins when it has ended …",
        "first",
        "second",
    ]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file")
    with pytest.raises(ConfigError, match="models cannot be written"), alone(tmp_path / "models", print):
        pass


def test_who_stops_a_training_reads_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "train", stopped)
    assert training.main([]) == 130
    assert capsys.readouterr().err == "\nTraining was stopped; the live model is what it was.\n"
