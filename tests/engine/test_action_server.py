"""`baton actions` as a process of its own: signed calls only, the same data, and failures that are seen."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sanic import HTTPResponse, Sanic

from bot import compose, settings
from bot.app import App, build
from bot.clock import SystemClock
from bot.domain.customer import Answer, Status, TurnContext
from bot.domain.errors import TurnFailed
from bot.domain.turn import TurnRequest
from bot.engine.signing import FIELD, ActionCall, derived_key, seal, signing_key
from bot.settings import Settings
from bot.store import migrate, open_store
from bot.training.registry import live_model
from bot.web.server import WebServer
from tests.engine.model import trained_model
from tests.engine.talk import Talk
from tests.servers import free_port

ROOT = Path(__file__).resolve().parents[2]
KEY = derived_key("a secret of at least 32 characters")
PACKET = {"domain": {"responses": {}, "forms": {}}, "version": "3.6.21"}


@dataclass(kw_only=True)
class Served:
    """A project whose `endpoints.yml` names a `baton actions` process, and that process."""

    folder: Path
    port: int
    settings: Settings
    process: subprocess.Popen[str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/webhook"

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def printed(self) -> str:
        return (self.folder / "actions.log").read_text()

    def effects(self) -> list[tuple[str, str]]:
        """Return the keys and statuses of what was done, from the store."""
        with closing(sqlite3.connect(self.settings.data_dir / "baton.db")) as db:
            return db.execute("SELECT key, status FROM effects ORDER BY key").fetchall()

    def changes(self) -> list[tuple[str, str]]:
        """Return what really happened in the shop."""
        with closing(sqlite3.connect(self.settings.data_dir / "demo.sqlite")) as db:
            return db.execute("SELECT order_number, what FROM changes").fetchall()


def serve(folder: Path) -> Served:
    port = free_port()
    for name in ("actions", "data", "domain.yml", "config.yml"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "endpoints.yml").write_text(f"action_endpoint:\n  url: http://127.0.0.1:{port}/webhook\n")
    chosen = settings.load(
        {}, project_dir=folder, data_dir=folder / "d", models_dir=ROOT / "models", demo=True,
        port=free_port(), log_level="error", shutdown_seconds=2.0, engine_budget_seconds=5.0,
    )  # fmt: skip
    environment = {k: v for k, v in os.environ.items() if not k.startswith("BATON_")}
    environment |= {"BATON_PROJECT_DIR": str(folder), "BATON_DATA_DIR": str(chosen.data_dir)}
    with (folder / "actions.log").open("w") as printed:
        process = subprocess.Popen(
            [sys.executable, "-m", "bot.cli", "actions", "--demo", "--port", str(port)],
            cwd=ROOT, env=environment, stdout=printed, stderr=printed, text=True,
        )  # fmt: skip
    return Served(folder=folder, port=port, settings=chosen, process=process)


async def ready(served: Served) -> None:
    async with httpx.AsyncClient() as client, asyncio.timeout(40):
        while True:
            assert served.process.poll() is None, served.printed()
            try:
                await client.get(f"http://127.0.0.1:{served.port}/health")
            except httpx.TransportError:
                await asyncio.sleep(0.1)
            else:
                return


def end(served: Served) -> int:
    if served.process.poll() is None:
        served.process.send_signal(signal.SIGTERM)
    return served.process.wait(20)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    served = serve(tmp_path_factory.mktemp("actions"))
    try:
        asyncio.run(ready(served))
        yield served
    finally:
        status = end(served)
    assert status == 0, served.printed()


def context(conversation: str = "c1", **more: Any) -> TurnContext:
    return TurnContext(
        conversation_id=conversation, customer_id="k1", inbox_id=f"i-{conversation}", channel="rest",
        now=SystemClock().now(), **more,
    )  # fmt: skip


def call(action: str, expires: datetime | None = None, run: int = 1, **about: Any) -> ActionCall:
    later = SystemClock().now() + timedelta(seconds=30)
    return ActionCall(context=context(**about), action=action, run=run, expires=expires or later)


def key_of(server: Served) -> bytes:
    return compose.signing_key(server.settings)


def body(action: str, sealed: Any, **slots: Any) -> dict[str, Any]:
    tracker = {
        "sender_id": "c1", "slots": slots, "latest_message": {}, "events": [], "paused": False,
        "followup_action": None, "active_loop": {}, "latest_action_name": "",
    }  # fmt: skip
    asked = {**PACKET, "next_action": action, "sender_id": "c1", "tracker": tracker}
    return asked if sealed is None else {**asked, FIELD: sealed}


async def post(server: Served, content: dict[str, Any]) -> httpx.Response:
    async with httpx.AsyncClient(timeout=20) as client:
        return await client.post(server.url, json=content)


TRACK, CANCEL = "action_track_order", "action_cancel_order"


async def test_calls_that_nobody_signed_are_refused(server: Served) -> None:
    key, now = key_of(server), SystemClock().now()
    good = seal(call(TRACK), key)
    verified = seal(call(TRACK, trust="verified", directory_ref="C001"), derived_key("another" * 8))
    refused = {
        "missing": None,
        "not an object": "trust me",
        "no signature": {"call": good["call"]},
        "empty signature": {**good, "signature": ""},
        "not ASCII": {**good, "signature": "\u00e9"},
        "another key": verified,
        "changed": {**good, "call": good["call"].replace('"anonymous"', '"verified"')},
        "expired": seal(call(TRACK, now - timedelta(seconds=1)), key),
        "for another action": seal(call(CANCEL), key),
    }
    assert refused["changed"] != good
    answers = {why: await post(server, body(TRACK, sealed)) for why, sealed in refused.items()}
    assert {why: answer.status_code for why, answer in answers.items()} == dict.fromkeys(refused, 401)
    assert "expired" in answers["expired"].text
    assert server.printed().count("action_call_refused") == len(refused)


async def test_what_is_not_a_call_is_told_so(server: Served) -> None:
    async with httpx.AsyncClient() as client:
        for content in (b"", b"[]", b"{", b"\xff"):
            assert (await client.post(server.url, content=content)).status_code == 400
        bomb = await client.post(server.url, content=b"x", headers={"Content-Encoding": "deflate"})
        assert bomb.status_code == 400
        names = {entry["name"] for entry in (await client.get(server.url[:-7] + "actions")).json()}
    assert {TRACK, CANCEL} <= names


async def test_trust_comes_from_the_signed_context_and_a_replay_changes_nothing(server: Served) -> None:
    slots = {"order_number": "4522", "confirmed": True, "confirm_for": "4522"}
    # A slot that claims more than the context says is only a slot.
    stranger = seal(call(CANCEL, conversation="stranger"), key_of(server))
    answer = await post(server, body(CANCEL, stranger, **slots, trust="verified", directory_ref="C001"))
    assert answer.status_code == 200
    assert (server.effects(), server.changes()) == ([], [])

    store = open_store(server.settings.database_url, SystemClock())
    await store.start()
    await store.write(lambda tx: tx.grant_order("known", "4522", SystemClock().now()))
    await store.stop()
    owner = seal(call(CANCEL, conversation="known"), key_of(server))
    first = await post(server, body(CANCEL, owner, **slots))
    again = await post(server, body(CANCEL, owner, **slots))
    assert first.json() == again.json()
    assert [r["response"] for r in first.json()["responses"]] == ["utter_cancel_done"]
    [(key, status)] = server.effects()
    assert (key.split(":")[:3], status) == (["i-known", CANCEL, "1"], "ok")
    second_run = seal(call(CANCEL, conversation="known", run=2), key_of(server))
    assert (await post(server, body(CANCEL, second_run, **slots))).status_code == 200
    assert {key.split(":")[2] for key, _ in server.effects()} == {"1", "101"}
    assert server.changes() == [("4522", "cancelled")]


async def test_an_action_that_raises_or_is_missing_says_so_without_quoting(server: Served) -> None:
    # The domain of this call has no responses, so that the action's words are missing: a KeyError.
    store = open_store(server.settings.database_url, SystemClock())
    await store.start()
    await store.write(lambda tx: tx.grant_order("raises", "4521", SystemClock().now()))
    await store.stop()
    sealed = seal(call(TRACK, conversation="raises"), key_of(server))
    answer = await post(server, body(TRACK, sealed, order_number="4521", order_proof="sesame"))
    assert (answer.status_code, answer.json()) == (500, {"error": "KeyError", "action_name": TRACK})
    assert "sesame" not in server.printed()
    unknown = seal(call("action_nobody_wrote"), key_of(server))
    assert (await post(server, body("action_nobody_wrote", unknown))).status_code == 404


async def test_two_processes_may_write_to_one_embedded_database(tmp_path: Path) -> None:
    """The server writes without a pause; what the action server notes is on disk all the same."""
    url = f"sqlite:///{tmp_path / 'b.db'}"
    migrate(url)
    busy, other = open_store(url, SystemClock()), open_store(url, SystemClock())
    await busy.start()
    await other.start()
    stop = asyncio.Event()

    async def write(number: int) -> int:
        count = 0
        while not stop.is_set():
            count += 1
            await busy.write(lambda tx, n=count: tx.put_meta(f"server-{number}", str(n)))  # type: ignore[misc]
        return count

    writers = [asyncio.create_task(write(number)) for number in range(20)]
    for number in range(30):
        await other.write(lambda tx, n=number: tx.put_meta("actions", str(n)))  # type: ignore[misc]
        assert await busy.read(lambda tx: tx.meta("actions")) == str(number)
    stop.set()
    counts = await asyncio.gather(*writers)
    for number, count in enumerate(counts):
        assert await other.read(lambda tx, n=number: tx.meta(f"server-{n}")) == str(count)  # type: ignore[misc]
    await busy.stop()
    await other.stop()


# --- an engine and its action server ---------------------------------------------------------------


@asynccontextmanager
async def endpoint(app: Any, folder: Path) -> AsyncIterator[Any]:
    """Load the throw-away assistant with its actions at `app`."""
    from bot.engine.rasa_turns import RasaTurns

    web = WebServer(app, port=0)
    await web.start()
    (folder / "endpoints.yml").write_text(f"action_endpoint:\n  url: http://127.0.0.1:{web.port}/webhook\n")
    token = signing_key.set(KEY)
    try:
        yield RasaTurns.load(trained_model(), folder)
    finally:
        signing_key.reset(token)
        await web.stop(drain=0.0)


async def outcome(talk: Talk, text: str) -> Any:
    """Return all that a turn says, or why it failed."""
    try:
        result = await talk.turn(text)
    except TurnFailed as failed:
        return failed.fields.get("action") or failed.fields
    return (result.messages, result.slots, result.awaiting, result.handoff)


DIALOGUE = [
    "a table in Paris please", "hello", "when are you open", "4 people", "remember this", "what did I say", "refuse this",
    "make it crash", "goodbye", "spin around", "I want a person", "do the slow thing", "qwrtz",
]  # fmt: skip


@pytest.mark.rasa
@pytest.mark.filterwarnings("default")
async def test_actions_over_http_do_what_they_do_in_process(turns: Any, tmp_path: Path) -> None:
    """Forms, rejections, errors, the prediction limit, handoffs: nothing depends on where actions run."""
    from bot.engine.action_app import ActionApp
    from bot.engine.executor import stock_executor
    from tests.engine.assistant.actions import PROBES

    async def directory(context: TurnContext, *asked: Any) -> Answer[Any]:
        return Answer(status=Status.NOT_ALLOWED, detail=context.conversation_id)

    executor = stock_executor("tests.engine.assistant.actions")
    app = ActionApp(executor, key=KEY, clock=SystemClock(), directory=directory).build()
    near = Talk(turns, id="near-or-far")
    expected = [await outcome(near, text) for text in DIALOGUE]
    PROBES.clear()
    async with endpoint(app, tmp_path) as far_turns:
        far = Talk(far_turns, id="near-or-far")
        for text, before in zip(DIALOGUE, expected, strict=True):
            assert await outcome(far, text) == before, text
    assert "A table for 4.0 in Paris." in str(expected)
    assert "action_fail" in expected
    assert {"error": "ActionLimitReached"} in expected
    assert PROBES["orders"].detail == PROBES["conversation"] == "near-or-far"


@pytest.mark.rasa
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(
    "answer",
    [
        HTTPResponse(b"no", status=400, content_type="text/plain"),
        HTTPResponse(b'{"error": "which?"}', status=400, content_type="application/json"),
        HTTPResponse(b'{"error": "who?"}', status=401, content_type="application/json"),
        HTTPResponse(b"busy", status=503, content_type="text/plain"),
        HTTPResponse(b"<html>", content_type="text/html"),
        HTTPResponse(b"{", content_type="application/json"),
        HTTPResponse(b"[]", content_type="application/json"),
        HTTPResponse(b'{"events": "none"}', content_type="application/json"),
    ],
    ids=lambda answer: f"{answer.status} {answer.body.decode()}",
)
async def test_an_answer_that_is_none_fails_the_turn(tmp_path: Path, answer: HTTPResponse) -> None:
    from bot.engine.action_app import _config

    app: Sanic[Any, Any] = Sanic("broken", config=_config(), configure_logging=False)
    app.add_route(lambda request: answer, "/webhook", methods=["POST"])
    async with endpoint(app, tmp_path) as turns:
        with pytest.raises(TurnFailed) as failed:
            await Talk(turns, id="broken").turn("what did I say")
    assert failed.value.fields["action"] == "action_recall"


# --- the whole product -----------------------------------------------------------------------------


@asynccontextmanager
async def product(served: Served) -> AsyncIterator[App]:
    """Run a server whose engine calls the action server."""
    await asyncio.to_thread(migrate, served.settings.database_url)
    app = build(served.settings)
    await app.start()
    try:
        yield app
    finally:
        await app.stop()


async def say(app: App, text: str) -> list[str]:
    url = f"http://127.0.0.1:{app.web.port}/webhooks/rest/webhook"
    async with httpx.AsyncClient(timeout=60) as client:
        answer = await client.post(url, json={"sender": "jane", "message": text})
    assert answer.status_code == 200, answer.text
    return [entry["text"] for entry in answer.json()]


def gateway_refuses(*_: Any) -> Any:
    raise AssertionError("the server's own directory was asked by an action")


def where_is_it(conversation: str) -> TurnRequest:
    return TurnRequest(
        turn_id=conversation,
        conversation_id=conversation,
        context=context(conversation),
        text="where is my order 4521?",
    )


@pytest.mark.rasa
@pytest.mark.filterwarnings("default")
@pytest.mark.skipif(live_model(ROOT / "models") is None, reason="no trained model; run: make train")
async def test_orders_are_tracked_and_cancelled_through_the_action_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = serve(tmp_path)
    monkeypatch.setattr("bot.services.directory.DirectoryGateway.call", gateway_refuses)
    try:
        async with product(served) as app:
            await ready(served)
            assert "postcode" in (await say(app, "where is my order 4521?"))[0]
            tracked = await say(app, "M1 4BT")
            assert any("BT267409691GB" in text for text in tracked), tracked
            await say(app, "cancel order 4522")
            assert served.changes() == []
            done = await say(app, "yes")
            assert any("189.00" in text for text in done), done
            assert served.changes() == [("4522", "cancelled")]
            assert [status for _, status in served.effects()] == ["ok"]

            served.process.send_signal(signal.SIGSTOP)
            with pytest.raises(TurnFailed, match=r"budget|seconds|time"):
                await app.parts.engine.turn(where_is_it("hangs"), gateway_refuses)
            served.kill()
            with pytest.raises(TurnFailed, match=r"ClientConnector"):
                await app.parts.engine.turn(where_is_it("down"), gateway_refuses)
            await say(app, "where is order 4521")
            assert (await app.store.read(lambda tx: tx.count_by_owner()))["queue"] == 1
    finally:
        end(served)
