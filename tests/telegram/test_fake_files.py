"""The fake Telegram takes and gives files within the platform's limits, and fails as it is told."""

from __future__ import annotations

import asyncio
import json
import struct
from typing import Any

import httpx
import pytest

from tests.fake_telegram import TOKEN, Broken, Customer, Drop, FakeTelegram, Flood, Limits, Lose, Refuse
from tests.support.clock import FakeClock
from tests.telegram.fakes import PNG, Api

MB = 1024 * 1024


# --- files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["photo", "document", "voice", "video", "audio"])
async def test_files_are_shown(api: Api, ada: Customer, kind: str) -> None:
    part = {kind: ("résumé.png", PNG, "image/png")}
    sent = (await api(f"send{kind}", files=part, chat_id=ada.chat.id, caption="Look")).result
    assert sent["caption"] == "Look"
    shown = ada.seen[0]
    assert shown.file is not None
    assert (shown.kind, shown.text, shown.file.data, shown.file.name) == (kind, "Look", PNG, "résumé.png")
    part = {"thing": ("a.png", PNG, "image/png")}
    by_name = {kind: "attach://thing"}
    await api(f"send{kind}", files=part, chat_id=ada.chat.id, **by_name)
    again = {kind: shown.file.id}
    await api(f"send{kind}", chat_id=ada.chat.id, **again)
    assert [one.file.data for one in ada.seen if one.file] == [PNG] * 3


async def test_files_that_are_refused(api: Api, ada: Customer) -> None:
    async def refused(method: str, data: bytes, **more: Any) -> str:
        part = {method.removeprefix("send").lower(): ("x.bin", data, "application/octet-stream")}
        return (await api(method, files=part, chat_id=ada.chat.id, **more)).error

    assert await refused("sendDocument", b"") == "Bad Request: file must be non-empty"
    assert await refused("sendPhoto", b"%PDF-1.4") == "Bad Request: IMAGE_PROCESS_FAILED"
    wide = PNG[:16] + struct.pack(">II", 9000, 1001) + PNG[24:]
    assert await refused("sendPhoto", wide) == "Bad Request: PHOTO_INVALID_DIMENSIONS"
    assert "is too big for a photo" in await refused("sendPhoto", PNG + bytes(10 * MB))
    too_much = "Request Entity Too Large"
    assert await refused("sendDocument", bytes(50 * MB + 1)) == too_much
    words = "Bad Request: message caption is too long"
    assert await refused("sendDocument", b"x", caption="x" * 1025) == words
    assert (await api("sendPhoto", chat_id=ada.chat.id)).error.endswith("there is no photo in the request")
    assert (await api("sendPhoto", chat_id=ada.chat.id, photo="AgAC")).error.endswith("invalid file_id")
    assert ada.seen == []


async def test_customers_files_are_fetched(
    fake: FakeTelegram, api: Api, ada: Customer, fake_clock: FakeClock
) -> None:
    await ada.document(b"0123", "a.txt", mime="text/plain")
    told = fake.bot.updates.all[-1].content["document"]
    assert (told["file_name"], told["mime_type"], told["file_size"]) == ("a.txt", "text/plain", 4)
    found = (await api("getFile", file_id=told["file_id"])).result
    assert found["file_size"] == 4
    url = f"/file/bot{TOKEN}/{found['file_path']}"
    assert (await api.client.get(url)).content == b"0123"
    fake.new_bot("700000002:another", "other_bot")
    assert (await api.client.get(url.replace(TOKEN, "700000002:another"))).status_code == 404
    other = Api(api.client, "700000002:another")
    assert (await other("getFile", file_id=told["file_id"])).error == "Bad Request: invalid file_id"
    await fake_clock.advance(3601)
    assert (await api.client.get(url)).status_code == 404
    await ada.document(b"0123", "big.bin", size=20 * MB + 1)
    told = fake.bot.updates.all[-1].content["document"]
    assert (await api("getFile", file_id=told["file_id"])).error == "Bad Request: file is too big"


async def test_places(api: Api, ada: Customer) -> None:
    sent = (await api("sendLocation", chat_id=ada.chat.id, latitude=1.5, longitude=-2.5)).result
    assert sent["location"] == {"latitude": 1.5, "longitude": -2.5}
    assert (await api("sendLocation", chat_id=ada.chat.id, latitude=91, longitude=0)).status == 400
    assert (await api("sendLocation", chat_id=ada.chat.id, latitude=1)).error.endswith("longitude is empty")


# --- faults --------------------------------------------------------------------------------------


async def test_planned_faults(fake: FakeTelegram, api: Api, ada: Customer) -> None:
    fake.faults.plan(Drop(), Lose(), on="send")
    for _ in range(2):
        with pytest.raises(httpx.RemoteProtocolError):
            await api("sendMessage", chat_id=ada.chat.id, text="lost?")
    assert ada.texts == ["lost?"]  # dropped before it was taken, then lost after it
    assert [(call.status, call.done) for call in fake.sent()] == [(0, False), (0, True)]
    fake.faults.plan(Flood(3), Refuse(400, "chat not found"), on="sendmessage")
    assert (await api("sendMessage", chat_id=ada.chat.id, text="x")).retry_after == 3
    assert (await api("sendMessage", chat_id=ada.chat.id, text="x")).error == "Bad Request: chat not found"
    fake.faults.plan(Broken(status=502), on="getme")
    assert (await api.client.get(f"/bot{TOKEN}/getMe")).status_code == 502
    assert ada.texts == ["lost?"]
    assert fake.violations == []


async def test_faults_by_chance_can_be_had_again(fake: FakeTelegram, api: Api, ada: Customer) -> None:
    fake.bot.pace.limits = Limits.none()

    async def run() -> list[int]:
        got = []
        with fake.faults.weather((0.2, Broken(status=500)), (0.2, Flood(1)), seed=5, on=("send",)):
            for _ in range(40):
                url, content = f"/bot{TOKEN}/sendMessage", {"chat_id": ada.chat.id, "text": "x"}
                got.append((await api.client.post(url, json=content)).status_code)
        return got

    first = await run()
    assert {200, 429, 500} == set(first)
    assert await run() == first
    assert fake.repeated() == [(ada.chat.id, "x")]


async def test_nobody_waits_for_ever(fake: FakeTelegram, api: Api, ada: Customer) -> None:
    """A client that gives up does not stop the fake, and the record says what was carried out."""
    from tests.fake_telegram import Slow

    fake.faults.plan(Slow(seconds=0.2), on="send")
    with pytest.raises(httpx.ReadTimeout):
        await api.client.post(
            f"/bot{TOKEN}/sendMessage", json={"chat_id": ada.chat.id, "text": "slow"}, timeout=0.05
        )
    assert ada.texts == ["slow"]
    await asyncio.sleep(0.2)
    assert fake.sent()[-1].done
    assert json.dumps(fake.violations) == "[]"
