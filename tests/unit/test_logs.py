"""Logs: no bodies, no secrets, nothing endless, in both styles and for others' records too."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from bot import logs


@pytest.fixture(autouse=True)
def _restore_logging() -> Iterator[None]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = before[0], before[1]
    structlog.reset_defaults()


@pytest.mark.parametrize("style", ["json", "console"])
def test_bodies_and_secrets_are_hidden(style: str, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", style)
    structlog.get_logger("test").info(
        "message stored",
        text="where is my parcel",
        conversation_id="c1",
        message_id="m1",
        text_length=18,
        rest_token="hunter2",
        nested={"Authorization": "Bearer hunter2", "items": [{"password": "hunter2", "seq": 5}]},
        headers={"x-csrf-token": "hunter2", "set-cookie": "hunter2"},
        tokens=["hunter2"],
    )
    logged = capsys.readouterr().err
    assert "hunter2" not in logged
    assert "parcel" not in logged
    for kept in ("message stored", "c1", "m1", "18", "seq", logs.HIDDEN):
        assert kept in logged


def test_long_values_are_shortened(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", "json")
    structlog.get_logger("test").info("x", detail="a" * 10_000, many=list(range(10_000)))
    assert len(capsys.readouterr().err) < 1_000


def test_records_of_others_take_the_same_way(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", "json")
    logging.getLogger("other").warning("took %s", 5, extra={"password": "hunter2", "size": 3})
    logging.getLogger("httpx").info("GET /bot123:hunter2")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    record = json.loads(lines[0])
    assert record["event"] == "took 5"
    assert record["level"] == "warning"
    assert record["logger"] == "other"
    assert record["size"] == 3
    assert record["password"] == logs.HIDDEN


@pytest.mark.parametrize("style", ["json", "console"])
def test_tracebacks_show_no_local_variables(style: str, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", style)

    def fails(body: str) -> None:
        raise RuntimeError("it broke")

    try:
        fails("-".join(["lost", "parcel"]))
    except RuntimeError:
        structlog.get_logger("test").exception("turn failed")
    logged = capsys.readouterr().err
    assert "it broke" in logged
    assert "Traceback" in logged
    assert "lost-parcel" not in logged


def test_level(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("warning", "json")
    structlog.get_logger("test").info("quiet")
    structlog.get_logger("test").warning("loud")
    assert [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()] == ["loud"]
