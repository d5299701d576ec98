"""Custom actions inside the engine: what they get, and what happens when they cannot be had."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from bot.domain.errors import ConfigError
from tests.engine.model import trained_model

pytestmark = [pytest.mark.rasa, pytest.mark.filterwarnings("default")]


def package(folder: Path, name: str, source: str) -> str:
    (folder / name).mkdir()
    (folder / name / "__init__.py").write_text("")
    (folder / name / "topic.py").write_text(source)
    return name


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("import a_module_that_is_not_there", "a_module_that_is_not_there"),
        ("from json import nothing", "nothing"),
        ("raise RuntimeError('at import')", "at import"),
        ("def broken(:", "SyntaxError"),
        (
            """
from rasa_sdk import Action
class A(Action):
    def __init__(self, x): ...
    def name(self): return 'a'
    def run(self, d, t, m): ...
""",
            "missing 1 required",
        ),
    ],
)
def test_a_broken_package_is_an_error_and_not_the_end(
    turns: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, says: str
) -> None:
    from bot.engine.actions import make_executor

    monkeypatch.syspath_prepend(tmp_path)
    name = package(tmp_path, f"broken_{abs(hash(source))}", source)
    with pytest.raises(ConfigError, match=says):
        make_executor(name)


def test_an_assistant_may_have_no_actions(turns: Any) -> None:
    from bot.engine.actions import make_executor

    assert make_executor("no_such_package_of_actions").actions == {}


def test_only_the_packages_own_actions_are_registered(turns: Any) -> None:
    from rasa_sdk import Action

    from bot.engine.actions import make_executor

    class Stray(Action):
        def name(self) -> str:
            return "action_stray"

        def run(self, dispatcher: Any, tracker: Any, domain: Any) -> list[Any]:
            return []

    names = make_executor("tests.engine.assistant.actions").actions
    assert "action_booked" in names
    assert "validate_booking_form" in names
    assert "action_stray" not in names
    del Stray


def test_missing_actions_are_named(turns: Any) -> None:
    names = turns._processor.action_endpoint.names
    assert turns._processor.missing_actions(names) == []
    assert turns._processor.missing_actions(names - {"action_booked"}) == ["action_booked"]


def test_endpoints_may_name_a_stock_action_server(turns: Any, tmp_path: Path) -> None:
    from bot.engine.actions import InProcessActions, load_actions
    from bot.engine.remote_actions import SignedActions

    (tmp_path / "endpoints.yml").write_text("action_endpoint:\n  url: http://127.0.0.1:5055/webhook\n")
    endpoint = load_actions(tmp_path, "no_such_package_of_actions")
    assert isinstance(endpoint, SignedActions)
    assert endpoint.url == "http://127.0.0.1:5055/webhook"
    for nothing in ("# nothing\n", "action_endpoint:\n", "tracker_store:\n  type: x\n"):
        (tmp_path / "endpoints.yml").write_text(nothing)
        assert isinstance(load_actions(tmp_path, "no_such_package_of_actions"), InProcessActions)
    (tmp_path / "endpoints.yml").write_text("action_endpoint: http://127.0.0.1:5055/webhook\n")
    with pytest.raises(ConfigError, match="must have the form"):
        load_actions(tmp_path, "no_such_package_of_actions")


async def test_actions_run_at_a_stock_action_server(tmp_path: Path) -> None:
    """The same model, its actions over HTTP: a server that answers, rejects and breaks."""
    from aiohttp import web

    from bot.domain.errors import TurnFailed
    from bot.engine.rasa_turns import RasaTurns
    from tests.engine.talk import Talk

    async def handle(request: web.Request) -> web.Response:
        call = await request.json()
        if call["next_action"] == "action_fail":
            return web.Response(status=500, text="no")
        assert call["tracker"]["latest_message"]["text"] == "what did I say"
        assert len([e for e in call["tracker"]["events"] if e["event"] == "user"]) == 1
        assert call["domain"]["responses"]
        return web.json_response({"events": [], "responses": [{"text": "from afar"}]})

    app = web.Application()
    app.router.add_post("/webhook", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        (tmp_path / "endpoints.yml").write_text(
            f"action_endpoint:\n  url: http://127.0.0.1:{port}/webhook\n"
        )
        talk = Talk(RasaTurns.load(trained_model(), tmp_path), id="far")
        assert await talk.say("what did I say") == ["from afar"]
        with pytest.raises(TurnFailed) as failed:
            await talk.turn("crash now")
        assert failed.value.fields["action"] == "action_fail"
    finally:
        await runner.cleanup()


def test_frozen_values_are_read_as_ever_and_never_changed(turns: Any) -> None:
    from bot.engine.actions import frozen

    given = {"a": [1, {"b": (2, 3)}], "c": {}}
    value = frozen(given)
    assert value == {"a": [1, {"b": [2, 3]}], "c": {}}
    assert json.loads(json.dumps(value)) == value
    assert isinstance(value, dict)
    assert isinstance(value["a"], list)
    for change in (
        lambda: value.update(a=1),
        lambda: value.pop("a"),
        lambda: value.setdefault("x", 1),
        lambda: value["c"].__setitem__("x", 1),
        lambda: value["a"].append(1),
        lambda: value["a"][1]["b"].sort(),
        lambda: value["a"].__iadd__([1]),
        lambda: value.__ior__({}),
    ):
        with pytest.raises(TypeError, match="belongs to all conversations"):
            change()
    mine = copy.deepcopy(value)
    mine["a"].append(4)
    mine["a"][1]["b"].append(5)
    assert given == {"a": [1, {"b": (2, 3)}], "c": {}}
    assert value["a"] == [1, {"b": [2, 3]}]
