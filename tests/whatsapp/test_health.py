"""What `baton doctor` says of a number, and the pace and the checksum, which need no platform."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from typing import Any

import pytest

from bot.setting_types import Secret
from connectors.channels.whatsapp import health
from connectors.channels.whatsapp.checksum import Checksum
from connectors.channels.whatsapp.pace import Pace
from tests.fake_whatsapp import Broken, FakeWhatsApp, Lose, Refuse
from tests.support.clock import FakeClock
from tests.support.metrics import Counts
from tests.whatsapp.kit import account


async def look(url: str, **more: Any) -> list[tuple[str, str]]:
    found = await health.look(account(url=url, **more), Counts())
    assert all(finding.advice for finding in found if finding.level != "ok")
    return [(finding.level, finding.detail) for finding in found]


async def test_a_number_that_is_well() -> None:
    async with FakeWhatsApp() as fake:
        found = await look(fake.url, template="come_back")
        assert found == [("ok", "+15550783881 (Example Shop), quality green")]
        assert [level for level, _ in await look(fake.url)] == ["ok", "warn"]
        assert "access_token" not in fake.calls[0].request.target


async def test_what_is_wrong_is_said() -> None:
    async with FakeWhatsApp() as fake:
        assert await look(fake.url, token=Secret("wrong")) == [("fail", "Meta refuses: HTTP 401, code 190")]
        assert await look(fake.url, phone_number_id="5") == [("fail", "Meta refuses: HTTP 400, code 100")]
        for fault in (Broken(status=500), Refuse(4)):
            fake.faults.plan(fault, on="number")
            assert (await look(fake.url))[0][0] == "fail"
        fake.faults.plan(Lose(), on="number")
        assert "did not answer" in (await look(fake.url))[0][1]
        url = fake.url
    assert "cannot be reached" in (await look(url))[0][1]


async def test_the_pace_lends_a_burst_and_then_keeps_time() -> None:
    clock = FakeClock()
    pace = Pace(clock, every=6.0, burst=3)
    for _ in range(3):
        await asyncio.wait_for(pace.ready("a"), 1)
    later = [asyncio.create_task(pace.ready("a")) for _ in range(2)]
    await asyncio.wait_for(pace.ready("b"), 1)
    await clock.advance(5.9)
    assert not later[0].done()
    await clock.advance(0.1)
    await asyncio.sleep(0)
    assert [task.done() for task in later] == [True, False]
    pace.hold("a", 20.0)
    await clock.advance(19.0)
    await asyncio.sleep(0)
    assert not later[1].done()
    await clock.advance(1.0)
    await asyncio.wait_for(later[1], 1)


async def test_the_pace_forgets_whom_it_need_not_know(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.channels.whatsapp.pace.MANY", 10)
    clock = FakeClock()
    pace = Pace(clock, every=1.0, burst=1)
    pace.hold("held", 100.0)
    for number in range(30):
        await pace.ready(str(number))
        await clock.advance(2.0)
    assert len(pace._lanes) <= 11
    assert "held" in pace._lanes


@pytest.mark.parametrize(
    ("told", "right"),
    [
        (hashlib.sha256(b"abc").hexdigest(), True),
        (hashlib.sha256(b"abc").hexdigest().upper(), True),
        (base64.b64encode(hashlib.sha256(b"abc").digest()).decode(), True),
        (hashlib.sha256(b"abd").hexdigest(), False),
        (base64.b64encode(hashlib.sha256(b"").digest()).decode(), False),
        ("", True),
        ("4654+8g=", True),
        ("nonsense!", True),
    ],
)
def test_checksums_in_both_forms(told: str, right: bool) -> None:
    checksum = Checksum(told)
    checksum.add(b"ab")
    checksum.add(b"c")
    assert checksum.right is right
