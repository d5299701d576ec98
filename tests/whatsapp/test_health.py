"""What `baton doctor` says of a number, and the checksum of a file."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest

from bot.setting_types import Secret
from connectors.channels.whatsapp import health
from connectors.channels.whatsapp.checksum import Checksum
from tests.fake_whatsapp import Broken, FakeWhatsApp, Lose, Refuse
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
