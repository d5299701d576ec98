"""The fake Telegram knows who can be written to, how fast, and for how long a press can be answered."""

from __future__ import annotations

import httpx

from tests.fake_telegram import TOKEN, Customer, FakeTelegram, Limits
from tests.support.clock import FakeClock
from tests.telegram.fakes import Api

# --- chats ---------------------------------------------------------------------------------------


async def test_who_can_be_written_to(fake: FakeTelegram, api: Api) -> None:
    stranger = fake.customer(name="Ben")

    async def said() -> tuple[int, str]:
        got = await api("sendMessage", chat_id=stranger.chat.id, text="Hello")
        assert (await api("sendChatAction", chat_id=stranger.chat.id, action="typing")).status == got.status
        return got.status, got.error if got.status != 200 else ""

    assert await said() == (403, "Forbidden: bot can't initiate conversation with a user")
    await stranger.start()
    assert await said() == (200, "")
    await stranger.block()
    assert await said() == (403, "Forbidden: bot was blocked by the user")
    await stranger.unblock()
    assert await said() == (200, "")
    stranger.deactivate()
    assert await said() == (403, "Forbidden: user is deactivated")
    assert (await api("sendMessage", chat_id=17, text="x")).error == "Bad Request: chat not found"
    assert (await api("sendMessage", text="x")).error == "Bad Request: chat_id is empty"
    assert stranger.texts == ["Hello", "Hello"]
    assert len(fake.violations) == 1  # the call without a chat


async def test_groups(fake: FakeTelegram, api: Api, ada: Customer) -> None:
    group = ada.into(fake.group(supergroup=False))
    gone = "Forbidden: bot is not a member of the group chat"
    assert (await api("sendMessage", chat_id=group.chat.id, text="x")).error == gone
    await group.invite_bot()
    assert (await api("sendMessage", chat_id=group.chat.id, text="x")).status == 200
    new = await group.upgrade_group()
    moved = await api("sendMessage", chat_id=group.chat.id, text="x")
    assert moved.error == "Bad Request: group chat was upgraded to a supergroup chat"
    assert moved.body["parameters"] == {"migrate_to_chat_id": new.id}
    assert (await api("leaveChat", chat_id=new.id)).result is True
    gone = "Forbidden: bot is not a member of the supergroup chat"
    assert (await api("sendMessage", chat_id=new.id, text="x")).error == gone
    group = ada.into(new)
    await group.invite_bot()
    await group.kick_bot()
    kicked = "Forbidden: bot was kicked from the supergroup chat"
    assert (await api("sendMessage", chat_id=new.id, text="x")).error == kicked
    assert (await api("leaveChat", chat_id=ada.chat.id)).status == 400


async def test_typing_ends(api: Api, ada: Customer, fake_clock: FakeClock) -> None:
    assert (await api("sendChatAction", chat_id=ada.chat.id, action="thinking")).status == 400
    assert (await api("sendChatAction", chat_id=ada.chat.id, action="typing")).result is True
    await fake_clock.advance(4.9)
    assert ada.sees_typing
    await fake_clock.advance(0.1)
    assert not ada.sees_typing
    await api("sendChatAction", chat_id=ada.chat.id, action="typing")
    await fake_clock.advance(1)
    await api("sendMessage", chat_id=ada.chat.id, text="There")
    assert not ada.sees_typing


# --- pace ----------------------------------------------------------------------------------------


async def test_one_message_a_second_after_a_burst(api: Api, ada: Customer, fake_clock: FakeClock) -> None:
    async def send() -> int:
        said = await api("sendMessage", chat_id=ada.chat.id, text="x")
        return 0 if said.status == 200 else said.retry_after

    assert [await send() for _ in range(7)] == [0, 0, 0, 0, 0, 1, 1]
    await fake_clock.advance(1)
    assert [await send() for _ in range(2)] == [0, 1]
    edit = await api("editMessageText", chat_id=ada.chat.id, message_id=ada.seen[0].id, text="y")
    assert edit.retry_after == 1  # edits count too
    await fake_clock.advance(60)
    assert [await send() for _ in range(6)] == [0, 0, 0, 0, 0, 1]
    assert len(ada.seen) == 11


async def test_thirty_a_second_in_all(fake: FakeTelegram, api: Api, fake_clock: FakeClock) -> None:
    people = [fake.customer() for _ in range(31)]
    for person in people:
        person.chat.started = True
    said = [await api("sendMessage", chat_id=person.chat.id, text="x") for person in people]
    assert [one.status for one in said] == [200] * 30 + [429]
    assert said[-1].retry_after == 1
    await fake_clock.advance(1)
    assert (await api("sendMessage", chat_id=people[-1].chat.id, text="x")).status == 200


async def test_twenty_a_minute_to_a_group(fake: FakeTelegram, api: Api, fake_clock: FakeClock) -> None:
    group = fake.customer().into(fake.group())
    await group.invite_bot()
    for _ in range(20):
        assert (await api("sendMessage", chat_id=group.chat.id, text="x")).status == 200
        await fake_clock.advance(1)
    assert (await api("sendMessage", chat_id=group.chat.id, text="x")).retry_after == 40


async def test_limits_can_be_raised(fake_clock: FakeClock) -> None:
    async with FakeTelegram(clock=fake_clock, limits=Limits.none()) as fake, httpx.AsyncClient(
        base_url=fake.url, trust_env=False
    ) as client:  # fmt: skip
        ada = fake.customer()
        ada.chat.started = True
        send = Api(client, TOKEN)
        for _ in range(50):
            assert (await send("sendMessage", chat_id=ada.chat.id, text="x")).status == 200
