"""People, passwords, one-time passwords, sign-ins, hours and the audit log, over HTTP on real services."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import io
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pyotp
import pytest
import websockets

from bot.desk import admin_shapes, shapes
from bot.domain.agents import AuditEntry, Role
from bot.ports import Hint
from bot.services.office_hours import OfficeHours
from bot.services.second_factor import SecondFactors
from tests.support.office import KEY
from tests.support.world import World
from tests.web.test_real_services import PASSWORD, enter, holds, person, served
from tests.web.test_sessions import code

API = "/api/v1"
NEW = "another password of the tests"


@pytest.fixture
async def world() -> World:
    world = await World().start()
    for name, role in (("ana", Role.AGENT), ("sue", Role.SUPERVISOR), ("ada", Role.ADMIN)):
        await person(world, name, role)
    return world


@contextlib.asynccontextmanager
async def desk(world: World, *names: str) -> AsyncIterator[list[httpx.AsyncClient]]:
    """Serve, and sign each of `names` in with a client of its own."""
    async with served(world) as url, contextlib.AsyncExitStack() as stack:
        clients = []
        for name in names:
            client = await stack.enter_async_context(httpx.AsyncClient(base_url=url, trust_env=False))
            await enter(client, name)
            clients.append(client)
        yield clients


async def sign_in(
    client: httpx.AsyncClient, name: str, password: str = PASSWORD, **more: Any
) -> httpx.Response:
    body = {"email": f"{name}@example.com", "password": password, **more}
    async with httpx.AsyncClient(base_url=client.base_url, trust_env=False) as fresh:
        return await fresh.post(f"{API}/session", json=body)


async def audited(world: World, action: str) -> list[AuditEntry]:
    return [
        entry for entry in await world.store.read(lambda tx: tx.audit(limit=500)) if entry.action == action
    ]


async def has_a_customer(world: World, name: str) -> str:
    """Let a customer be with the agent; return the conversation's id."""
    await world.ask("person please")
    conversation = await world.conversation()
    agent = await world.store.read(lambda tx: tx.agent(name))
    assert agent is not None
    await world.desk.claim(agent, conversation.id)
    return str(conversation.id)


# --- people


async def test_administrators_add_people(world: World) -> None:
    async with desk(world, "ada") as (ada,):
        body = {"email": " Zoë.X@Example.com", "name": "<b>Zoë</b> 👋 אב", "role": "supervisor"}
        made = holds(admin_shapes.NewAgentView, await ada.post(f"{API}/agents", json=body), status=201)
        assert len(made["password"]) >= 12
        assert (made["agent"]["name"], made["agent"]["email"]) == ("<b>Zoë</b> 👋 אב", "zoë.x@example.com")
        fresh = {"email": "zoë.x@example.com", "password": made["password"]}
        assert (await ada.post(f"{API}/session", json=fresh)).status_code == 200
        await enter(ada, "ada")
        again = await ada.post(f"{API}/agents", json=body)
        assert (again.status_code, again.json()["error"]["field"]) == (409, "email")
        everybody = holds(shapes.AgentList, await ada.get(f"{API}/agents", params={"all": 1}))["agents"]
        assert [one["name"] for one in everybody] == ["<b>Zoë</b> 👋 אב", "ada", "ana", "sue"]
        assert made["password"] not in str(await world.store.read(lambda tx: tx.audit()))


@pytest.mark.parametrize(
    ("change", "field"),
    [({"email": "nobody"}, "email"), ({"name": "a\nb"}, "name"), ({"team": "nowhere"}, "team"),
     ({"password": "short"}, "password"), ({"role": "god"}, "role")],
)  # fmt: skip
async def test_people_who_cannot_be(world: World, change: dict[str, str], field: str) -> None:
    async with desk(world, "ada") as (ada,):
        body = {"email": "z@example.com", "name": "Z", **change}
        response = await ada.post(f"{API}/agents", json=body)
        assert (response.status_code, response.json()["error"]["field"]) == (400, field)
        assert len(await world.store.read(lambda tx: tx.agents())) == 3


async def test_nobody_locks_everybody_out(world: World) -> None:
    async with desk(world, "ada", "sue") as (ada, sue):
        me = f"{API}/agents/ada"
        assert (await ada.patch(me, json={"disabled": True})).status_code == 403
        assert (await ada.patch(me, json={"password": NEW})).status_code == 403
        assert (await ada.patch(me, json={"totp_off": True})).status_code == 403
        last = await ada.patch(me, json={"role": "agent"})
        assert (last.status_code, code(last)) == (409, "conflict")
        for body in ({"role": "admin"}, {"disabled": False}, {"name": "x"}):
            assert (await sue.patch(f"{API}/agents/ana", json=body)).status_code == 403
        assert (await sue.post(f"{API}/agents", json={"email": "z@e.com", "name": "Z"})).status_code == 403
        assert (await ada.patch(f"{API}/agents/nobody", json={"name": "x"})).status_code == 404
        assert (await ada.patch(f"{API}/agents/sue", json={"role": "admin"})).status_code == 200
        assert (await ada.patch(me, json={"role": "agent"})).status_code == 200
        assert (await ada.patch(f"{API}/agents/sue", json={"name": "x"})).status_code == 403


@pytest.mark.parametrize("change", [{"disabled": True}, {"password": NEW}, {"role": "trainer"}])
async def test_who_goes_leaves_no_customer_behind(world: World, change: dict[str, Any]) -> None:
    conversation_id = await has_a_customer(world, "ana")
    async with desk(world, "ada", "ana") as (ada, ana):
        changed = holds(admin_shapes.FullPerson, await ada.patch(f"{API}/agents/ana", json=change))
        assert changed["disabled"] == change.get("disabled", False)
        conversation = await world.conversation()
        assert (conversation.owner.value, conversation.assignee) == ("queue", "")
        texts = [m.text for m in await world.messages()]
        assert any(text.startswith("utter_system_agent_left") for text in texts)
        shown = holds(shapes.MessageList, await ada.get(f"{API}/conversations/{conversation_id}/messages"))
        assert "agent_gone" in [m.get("event") for m in shown["messages"]]
        (entry,) = await audited(world, "conversation.agent_gone")
        assert (entry.conversation_id, entry.actor) == (conversation_id, "ada")
        status = (await ana.get(f"{API}/me")).status_code
        assert status == (200 if "role" in change else 401)
        assert NEW not in str(await world.store.read(lambda tx: tx.audit()))


# --- passwords and one-time passwords


async def test_own_password(world: World) -> None:
    async with desk(world, "ana", "ana") as (ana, elsewhere):
        wrong = await ana.put(f"{API}/me/password", json={"old": "x", "new": NEW})
        assert (wrong.status_code, code(wrong)) == (403, "wrong_password")
        weak = await ana.put(f"{API}/me/password", json={"old": PASSWORD, "new": "short"})
        assert (weak.status_code, weak.json()["error"]["field"]) == (400, "new")
        assert (await ana.put(f"{API}/me/password", json={"old": PASSWORD, "new": NEW})).status_code == 204
        assert (await ana.get(f"{API}/me")).status_code == 200
        assert (await elsewhere.get(f"{API}/me")).status_code == 401
        assert (await sign_in(ana, "ana")).status_code == 401
        assert (await sign_in(ana, "ana", NEW)).status_code == 200


async def test_guessing_the_own_password_is_slowed_down(world: World) -> None:
    async with desk(world, "ana") as (ana,):
        body = {"old": "x", "new": NEW}
        statuses = [(await ana.put(f"{API}/me/password", json=body)).status_code for _ in range(10)]
        assert statuses == [403] * 9 + [429]


async def turned_on(world: World, client: httpx.AsyncClient) -> tuple[pyotp.TOTP, list[str]]:
    begun = holds(admin_shapes.TotpView, await client.post(f"{API}/me/totp"), status=201)
    assert begun["qr"].startswith("<svg")
    assert begun["secret"] in begun["uri"]
    phone = pyotp.TOTP(begun["secret"])
    wrong = await client.post(f"{API}/me/totp/confirm", json={"code": "000000"})
    assert (wrong.status_code, wrong.json()["error"]["field"]) == (400, "code")
    body = {"code": phone.at(world.clock.now())}
    codes = holds(admin_shapes.RecoveryView, await client.post(f"{API}/me/totp/confirm", json=body))
    assert len(set(codes["recovery_codes"])) == 10
    return phone, codes["recovery_codes"]


async def test_one_time_passwords(world: World) -> None:
    async with desk(world, "ana") as (ana,):
        phone, codes = await turned_on(world, ana)
        assert (await ana.get(f"{API}/me")).json()["totp"] is True
        assert (await ana.post(f"{API}/me/totp")).status_code == 409
        missing = await sign_in(ana, "ana")
        assert (missing.status_code, code(missing)) == (401, "totp_required")
        used = await sign_in(ana, "ana", code=phone.at(world.clock.now()))
        assert (used.status_code, code(used)) == (401, "totp_wrong")
        world.clock.move(30)
        shown = phone.at(world.clock.now())
        assert (await sign_in(ana, "ana", code=f"{shown[:3]} {shown[3:]}")).status_code == 200
        assert code(await sign_in(ana, "ana", code=shown)) == "totp_wrong"
        assert (await sign_in(ana, "ana", "x" * 12, code=shown)).json()["error"]["code"] == "unauthorized"
        assert (await sign_in(ana, "ana", code=codes[0].upper().replace("-", ""))).status_code == 200
        assert code(await sign_in(ana, "ana", code=codes[0])) == "totp_wrong"
        assert len(await audited(world, "totp.recovery_code_used")) == 1
        kept = await world.store.read(lambda tx: tx.second_factor("ana"))
        assert kept is not None
        assert phone.secret not in kept.sealed
        assert code(await ana.post(f"{API}/me/totp/off", json={"password": "x"})) == "wrong_password"


async def test_one_time_passwords_are_turned_off(world: World) -> None:
    async with desk(world, "ana", "ada") as (ana, ada):
        await turned_on(world, ana)
        assert (await ana.post(f"{API}/me/totp/off", json={"password": PASSWORD})).status_code == 204
        assert (await sign_in(ana, "ana")).status_code == 200
        await turned_on(world, ana)
        shown = holds(
            admin_shapes.FullPerson, await ada.patch(f"{API}/agents/ana", json={"totp_off": True})
        )
        assert shown["totp"] is False
        assert {entry.actor for entry in await audited(world, "totp.off")} == {"ana", "ada"}


async def test_guessing_codes_is_slowed_down(world: World) -> None:
    async with desk(world, "ana") as (ana,):
        await turned_on(world, ana)
        found = [(await sign_in(ana, "ana", code="123456")).status_code for _ in range(10)]
        assert found == [401] * 9 + [429]


async def test_two_sign_ins_cannot_share_a_code(world: World) -> None:
    async with desk(world, "ana") as (ana,):
        phone, _ = await turned_on(world, ana)
        world.clock.move(30)
        shown = phone.at(world.clock.now())
        both = await asyncio.gather(*(sign_in(ana, "ana", code=shown) for _ in range(2)))
        assert sorted(response.status_code for response in both) == [200, 401]


async def test_a_secret_under_another_key_says_what_to_do(world: World) -> None:
    async with desk(world, "ana") as (ana,):
        phone, _ = await turned_on(world, ana)
        agent = await world.store.read(lambda tx: tx.agent("ana"))
        assert agent is not None
        other = SecondFactors(store=world.store, clock=world.clock, key=f"not {KEY}")
        with pytest.raises(Exception, match="totp-off"):
            await other.spend(agent, phone.at(world.clock.now()))


async def test_tokens_change_nobodys_locks(world: World) -> None:
    async with desk(world, "ana") as (ana,):
        token = (await ana.post(f"{API}/tokens", json={"label": "crm"})).json()["token"]
        headers = {"authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(base_url=ana.base_url, headers=headers, trust_env=False) as program:
            for method, path, body in (
                ("PUT", "/me/password", {"old": PASSWORD, "new": NEW}), ("POST", "/me/totp", None),
                ("POST", "/me/totp/confirm", {"code": "1"}), ("POST", "/me/totp/off", {"password": PASSWORD}),
            ):  # fmt: skip
                assert (await program.request(method, f"{API}{path}", json=body)).status_code == 403


# --- sign-ins


async def test_sign_ins_are_listed_and_ended(world: World) -> None:
    async with desk(world, "ana", "ana", "ada") as (ana, elsewhere, ada):
        await ana.post(f"{API}/tokens", json={"label": "crm"})
        listed = holds(admin_shapes.SignInsView, await ana.get(f"{API}/sessions"))["sessions"]
        assert sorted((one["kind"], one["current"]) for one in listed) == [
            ("browser", False), ("browser", True), ("token", False),
        ]  # fmt: skip
        other = next(one for one in listed if one["kind"] == "browser" and not one["current"])
        assert (other["address"], other["client"][:12]) == ("127.0.0.1", "python-httpx")
        assert (await ana.get(f"{API}/sessions", params={"agent_id": "ada"})).status_code == 403
        theirs = (await ada.get(f"{API}/sessions")).json()["sessions"][0]["id"]
        assert (await ana.delete(f"{API}/sessions/{theirs}")).status_code == 404
        assert (await ana.delete(f"{API}/sessions/{other['id']}")).status_code == 204
        assert (await elsewhere.get(f"{API}/me")).status_code == 401
        everybody = (await ada.get(f"{API}/sessions", params={"agent_id": "all"})).json()["sessions"]
        assert {one["agent_id"] for one in everybody} == {"ana", "ada"}
        token = next(one for one in everybody if one["kind"] == "token")
        assert (await ada.delete(f"{API}/sessions/{token['id']}")).status_code == 204
        assert len(await audited(world, "session.revoked")) == 2


async def test_when_a_sign_in_was_used_is_known_to_minutes(world: World) -> None:
    async with desk(world, "ana") as (ana,):
        began = world.clock.now().isoformat()
        world.clock.move(240)
        assert (await ana.get(f"{API}/sessions")).json()["sessions"][0]["seen_at"] == began
        world.clock.move(100)
        await ana.get(f"{API}/me")
        now = world.clock.now().isoformat()
        assert (await ana.get(f"{API}/sessions")).json()["sessions"][0]["seen_at"] == now


async def test_ending_a_sign_in_closes_its_live_connection_on_another_node(world: World) -> None:
    """Two servers share store and bus; the connection is to one, the request goes to the other."""
    async with desk(world, "ana", "ada") as (ana, ada), served(world) as elsewhere:
        cookie = f"baton_session={ana.cookies['baton_session']}"
        address = elsewhere.replace("http", "ws") + f"{API}/live"
        async with websockets.connect(address, additional_headers={"cookie": cookie}, proxy=None) as live:
            await live.recv()
            (session,) = (await ada.get(f"{API}/sessions", params={"agent_id": "ana"})).json()["sessions"]
            assert (await ada.delete(f"{API}/sessions/{session['id']}")).status_code == 204
            frames: list[str] = []
            with contextlib.suppress(websockets.ConnectionClosedError):
                frames.extend([str(frame) async for frame in live])
            assert session["id"] not in "".join(frames)
            assert live.close_code == 4401


# --- hours


async def test_hours_take_effect_everywhere(world: World) -> None:
    async with desk(world, "sue", "ana") as (sue, ana):
        before = holds(admin_shapes.HoursView, await ana.get(f"{API}/hours"))
        assert (before["source"], before["open"], before["words"]) == ("setting", True, "around the clock")
        text = "Mon-Fri 09:00-17:30; Sat 10:00-14:00 Europe/London"
        bad = await sue.put(f"{API}/hours", json={"text": "whenever"})
        assert (bad.status_code, bad.json()["error"]["field"]) == (400, "text")
        assert (await ana.put(f"{API}/hours", json={"text": text})).status_code == 403
        after = holds(admin_shapes.HoursView, await sue.put(f"{API}/hours", json={"text": text}))
        assert (after["text"], after["source"]) == (text, "desk")
        (entry,) = await audited(world, "hours.set")
        assert entry.detail == {"before": "", "after": text}
        back = holds(admin_shapes.HoursView, await sue.put(f"{API}/hours", json={"text": ""}))
        assert back["source"] == "setting"


async def test_another_node_learns_of_new_hours(world: World) -> None:
    setting = world.open_hours()
    other = OfficeHours(store=world.store, bus=world.bus, clock=world.clock, setting=setting)
    running = asyncio.create_task(other.run())
    await asyncio.sleep(0)
    try:
        await world.store.write(lambda tx: tx.put_meta("hours", "Mon 09:00-10:00 UTC"))
        hint = Hint(conversation_id="", kind="desk", data={"what": "hours"})
        for _ in range(100):
            await world.bus.publish(hint)
            await asyncio.sleep(0.005)
            if other() is not setting:
                break
        assert other().describe() == "Mon 09:00-10:00 (UTC)"
        await world.store.write(lambda tx: tx.put_meta("hours", "no hours at all"))
        await other.load()
        assert other() is setting
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


# --- audit log


async def test_the_audit_log_is_searched_and_exported(world: World) -> None:
    async with desk(world, "sue", "ana") as (sue, ana):
        for title in ("=1+1", "harmless"):
            body = {"shortcut": title.strip("=+1") or "f", "title": title, "text": "x"}
            await sue.post(f"{API}/canned", json=body)
        evil = AuditEntry(id="e1", at=world.clock.now(), actor="=cmd()", action="-2+3", detail={"a": 1})
        await world.store.write(lambda tx: tx.add_audit(evil))
        params: dict[str, Any] = {"action": "canned.", "q": "HARMLESS", "since": "2020-01-01T00:00:00Z"}
        found = holds(shapes.AuditList, await sue.get(f"{API}/audit", params=params))["entries"]
        assert [(one["action"], one["actor_name"]) for one in found] == [("canned.added", "sue")]
        assert (await sue.get(f"{API}/audit", params={"since": "yesterday"})).status_code == 400
        exported = await sue.get(f"{API}/audit.csv")
        assert exported.headers["content-type"].startswith("text/csv")
        assert "attachment" in exported.headers["content-disposition"]
        rows = list(csv.DictReader(io.StringIO(exported.text)))
        assert {"'=cmd()", "sue", "ana", "ada"} >= {row["actor"] for row in rows} >= {"'=cmd()", "sue"}
        assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())
        assert [row["action"] for row in rows].count("canned.added") == 2
        assert (await ana.get(f"{API}/audit.csv")).status_code == 403
        assert len(await audited(world, "audit.exported")) == 1
