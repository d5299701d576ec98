"""The channel against the strict platform: what is sent, what a failure becomes, how files come and go."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.domain.errors import DeliveryFailed, FetchFailed, TooLarge, UnknownFile
from bot.domain.message import Attachment
from bot.ports import Sending
from bot.setting_types import Secret
from connectors.channels.whatsapp.holds import PAIR_BURST
from tests.fake_whatsapp import NUMBER, Broken, Customer, Drop, Lose, Refuse
from tests.fake_whatsapp.listener import Listener
from tests.support.clock import FakeClock
from tests.whatsapp.kit import message
from tests.whatsapp.shop import Shop, a_shop

JPEG = b"\xff\xd8\xff\xe0" + b"x" * 3_000


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with a_shop() as shop:
        yield shop
        assert not shop.fake.violations


@pytest.fixture
async def ada(shop: Shop) -> Customer:
    customer = shop.fake.customer("Ada")
    await customer.write("Hello")
    return customer


def bsuid(customer: Customer) -> str:
    return customer.identity.bsuid


async def refused(shop: Shop, customer: Customer, **more: Any) -> DeliveryFailed:
    with pytest.raises(DeliveryFailed) as told:
        await shop.send(message("Hello"), bsuid(customer), **more)
    return told.value


async def test_a_text_arrives_and_carries_our_name_of_it(shop: Shop, ada: Customer) -> None:
    (sent,) = await shop.send(message("Good day"), bsuid(ada))
    assert [(seen.id, seen.text, seen.ref) for seen in ada.seen] == [(sent, "Good day", "c1:7")]
    call = shop.fake.sent()[0]
    assert call.content["recipient"] == bsuid(ada)
    await shop.send(message("By phone"), ada.phone)
    assert ada.texts == ["Good day", "By phone"]


async def test_a_message_of_several_parts_goes_part_by_part(shop: Shop, ada: Customer) -> None:
    ids = await shop.send(message("word " * 300 + "\n\nSure?", ("Yes", "No")), bsuid(ada))
    assert [seen.id for seen in ada.seen] == ids
    assert [option.title for option in ada.seen[-1].options] == ["Yes", "No"]


async def test_a_list_is_opened_by_the_trainers_word(shop: Shop, ada: Customer) -> None:
    await shop.send(message("Which?", tuple("abcd")), bsuid(ada))
    assert ada.seen[0].content["action"]["button"] == "Options"
    del shop.words["utter_system_show_choices"]
    await shop.send(message("Which?", tuple("abcd")), bsuid(ada))
    assert ada.seen[1].content["action"]["button"] == "☰"


@pytest.mark.parametrize(
    ("fault", "retryable", "unknown"),
    [
        (Refuse(131016), True, False),
        (Refuse(131000), True, False),
        (Broken(status=503), True, False),
        (Broken(status=504), False, True),
        (Lose(), False, True),
        (Drop(), False, True),
        (Refuse(131026), False, False),
        (Refuse(131049), False, False),
        (Refuse(987_654), False, False),
    ],
)
async def test_what_a_failure_becomes(
    shop: Shop, ada: Customer, fault: Any, retryable: bool, unknown: bool
) -> None:
    shop.fake.faults.plan(fault)
    failure = await refused(shop, ada)
    assert (failure.retryable, failure.outcome_unknown) == (retryable, unknown)
    assert len(shop.fake.sent()) == 1  # nothing is repeated here
    assert len(ada.seen) == isinstance(fault, Lose)
    assert NUMBER.token not in str(failure)


async def test_a_platform_that_is_not_there_has_nothing(ada: Customer, shop: Shop) -> None:
    await shop.fake.stop()
    failure = await refused(shop, ada)
    assert (failure.retryable, failure.outcome_unknown) == (True, False)


async def test_the_pair_rate_holds_one_customer_and_no_other(shop: Shop, ada: Customer) -> None:
    bob = shop.fake.customer("Bob")
    await bob.write("Hi")
    waits = []
    for _ in range(3):
        shop.fake.faults.plan(Refuse(131056))
        failure = await refused_now(shop, ada)
        assert failure.retryable
        waits.append(failure.retry_after)
        held = asyncio.create_task(shop.channel.ready(account="default", address=bsuid(ada)))
        await asyncio.sleep(0)
        await shop.send(message("For Bob"), bsuid(bob))
        assert not held.done()
        await advance(shop, waits[-1] or 0)
        await asyncio.wait_for(held, 1)
    assert waits == [6.0, 24.0, 96.0]
    await shop.channel.send(Sending(message=message("At last"), account="default", address=bsuid(ada)))
    shop.fake.faults.plan(Refuse(131056))
    assert (await refused_now(shop, ada)).retry_after == 6.0  # a success begins anew


async def refused_now(shop: Shop, customer: Customer) -> DeliveryFailed:
    with pytest.raises(DeliveryFailed) as told:
        await shop.channel.send(
            Sending(message=message("Hello"), account="default", address=bsuid(customer))
        )
    return told.value


async def advance(shop: Shop, seconds: float) -> None:
    assert isinstance(shop.clock, FakeClock)
    await shop.clock.advance(seconds)


async def test_throughput_holds_the_number(shop: Shop, ada: Customer) -> None:
    bob = shop.fake.customer("Bob")
    shop.fake.faults.plan(Refuse(130429))
    assert (await refused(shop, ada)).retry_after == 2.0
    waiting = asyncio.create_task(shop.channel.ready(account="default", address=bsuid(bob)))
    await asyncio.sleep(0)
    assert not waiting.done()
    await advance(shop, 2.0)
    await asyncio.wait_for(waiting, 1)


async def test_our_pace_stays_below_the_platforms(shop: Shop, ada: Customer) -> None:
    """A long conversation is slowed down by us, and never refused by the platform."""

    async def talk() -> None:
        for number in range(PAIR_BURST + 8):
            await shop.send(message(f"Message {number}"), bsuid(ada))

    task, waited = asyncio.create_task(talk()), 0.0
    while not task.done():
        await asyncio.sleep(0.001)
        if isinstance(shop.clock, FakeClock) and shop.clock.sleepers:
            await advance(shop, 0.5)
            waited += 0.5
    await task
    assert 40 <= waited <= 60
    assert len(ada.seen) == PAIR_BURST + 8
    assert not [call for call in shop.fake.sent() if call.code]


# --- the window ----------------------------------------------------------------------------------


async def test_without_a_template_nothing_is_sent_after_the_window(shop: Shop, ada: Customer) -> None:
    failure = await refused(shop, ada, window_open=False)
    assert "24 hours" in failure.message
    assert not failure.retryable
    assert not shop.fake.sent()


async def test_the_template_is_sent_once_and_the_text_is_not_called_sent() -> None:
    async with a_shop(settings={"template": "come_back", "template_language": "de"}) as shop:
        shop.fake.template("come_back", "There is news: please answer.", "de")
        ada = shop.fake.customer("Ada")
        await ada.write("Hello")
        await advance(shop, 25 * 3600)
        failure = await refused(shop, ada, window_open=False)
        assert "come_back was sent" in failure.message
        assert not failure.retryable
        assert ada.texts == ["There is news: please answer."]
        again = await refused(shop, ada, window_open=False)
        assert "has the template already" in again.message
        assert len(ada.seen) == 1
        await advance(shop, 25 * 3600)
        assert "was sent" in (await refused(shop, ada, window_open=False)).message
        assert len(ada.seen) == 2


async def test_a_template_with_a_variable_carries_the_words() -> None:
    async with a_shop(settings={"template": "answer"}) as shop:
        shop.fake.template("answer", "About your request: {{1}} Reply to go on.")
        ada = shop.fake.customer("Ada")
        for number in range(2):
            said = message(f"It is\n\non its way, {number}.", ("Thanks", "Where?"))
            assert await shop.send(said, bsuid(ada), window_open=False) == [ada.seen[-1].id]
        assert ada.texts == [
            f"About your request: It is on its way, {number}. 1. Thanks 2. Where? Reply to go on."
            for number in range(2)
        ]
        assert [call.code for call in shop.fake.sent()] == [132000, 0, 0]
        assert ada.seen[0].ref == "c1:7"
        picture = shop.files.put(JPEG, kind="image", mime="image/jpeg", name="a.jpg")
        for other in (message("x" * 1_025), message("See", attachments=(picture,))):
            with pytest.raises(DeliveryFailed, match="no file"):
                await shop.send(other, bsuid(ada), window_open=False)
        assert shop.channel.troubles.standing == 0


async def test_a_template_with_more_variables_is_an_alarm() -> None:
    async with a_shop(settings={"template": "answer"}) as shop:
        shop.fake.template("answer", "{{1}} {{2}}")
        failure = await refused(shop, shop.fake.customer("Ada"), window_open=False)
        assert "did not accept the template" in failure.message
        assert shop.channel.troubles.standing == 1


async def test_a_window_that_ends_between_two_parts() -> None:
    async with a_shop(settings={"template": "come_back"}) as shop:
        shop.fake.template("come_back", "There is news: please answer.")
        address = bsuid(shop.fake.customer("Ada"))
        late = Sending(
            message=message("x" * 5_000), account="default", address=address, part=1, window_open=False
        )
        with pytest.raises(DeliveryFailed, match="Only the beginning"):
            await shop.channel.send(late)
        assert not shop.fake.sent()


async def test_the_platform_knows_the_window_better(shop: Shop, ada: Customer) -> None:
    """Our clock says open, theirs says over: the template goes, as if we had known."""
    await advance(shop, 25 * 3600)
    assert "24 hours" in (await refused(shop, ada)).message
    assert [call.code for call in shop.fake.sent()] == [131047]


async def test_a_template_that_is_not_there_is_an_alarm() -> None:
    async with a_shop(settings={"template": "come_back"}) as shop:
        ada = shop.fake.customer("Ada")
        failure = await refused(shop, ada, window_open=False)
        assert "did not accept the template" in failure.message
        assert shop.channel.troubles.standing == 1


# --- alarms --------------------------------------------------------------------------------------


async def test_a_bad_token_is_told_once_and_leaves_the_platform_alone() -> None:
    async with a_shop(settings={"token": Secret("wrong")}) as shop:
        ada = shop.fake.customer("Ada")
        with capture_logs() as logged:
            for _ in range(5):
                failure = await refused(shop, ada)
                assert "access token" in failure.message
                assert not failure.retryable
            assert len(shop.fake.sent()) == 1
            assert shop.reception.gauges() == {"whatsapp_alarms": 1.0}
            await advance(shop, 61)
            await refused(shop, ada)
            assert len(shop.fake.sent()) == 2  # now and then it is tried again
        (line,) = [line for line in logged if line["event"] == "whatsapp_needs_attention"]
        assert (line["log_level"], line["account"], line["code"]) == ("error", "default", 190)
        assert "wrong" not in str(logged)


async def test_an_alarm_is_over_when_a_message_goes_out(shop: Shop, ada: Customer) -> None:
    shop.fake.faults.plan(Refuse(131031))
    await refused(shop, ada)
    assert shop.channel.troubles.standing == 1
    await advance(shop, 61)
    await shop.send(message("Hello"), bsuid(ada))
    assert shop.channel.troubles.standing == 0


async def test_alarms_that_nothing_confirms_end(shop: Shop, ada: Customer) -> None:
    shop.fake.faults.plan(Refuse(130497))
    await refused(shop, ada)
    await shop.send(message("Hello"), bsuid(ada))  # it did not stop the number
    assert shop.channel.troubles.standing == 1
    await advance(shop, 3601)
    assert shop.channel.troubles.standing == 0


# --- files ---------------------------------------------------------------------------------------


async def test_a_picture_is_uploaded_and_sent_by_its_id(shop: Shop, ada: Customer) -> None:
    picture = shop.files.put(JPEG, kind="image", mime="image/jpeg", name='my "cat".jpg')
    await shop.send(message("Look", attachments=(picture,)), bsuid(ada))
    (seen,) = ada.seen
    assert seen.file is not None
    assert (seen.type, seen.text, seen.file.data, seen.file.mime) == ("image", "Look", JPEG, "image/jpeg")
    assert seen.file.name == "my _cat_.jpg"


@pytest.mark.parametrize("fault", [Broken(status=504), Lose(), Drop(), Broken(status=500)])
async def test_an_upload_that_fails_may_be_repeated(shop: Shop, ada: Customer, fault: Any) -> None:
    """Nothing has been said yet, so nothing can be said twice."""
    picture = shop.files.put(JPEG, kind="image", mime="image/jpeg", name="a.jpg")
    shop.fake.faults.plan(fault, on="upload")
    with pytest.raises(DeliveryFailed) as told:
        await shop.send(message("", attachments=(picture,)), bsuid(ada))
    assert told.value.retryable
    assert not told.value.outcome_unknown
    await shop.send(message("", attachments=(picture,)), bsuid(ada))
    assert len(ada.seen) == 1


async def test_a_file_that_is_gone(shop: Shop, ada: Customer) -> None:
    gone = Attachment(kind="image", url="media:9", mime="image/png")
    with pytest.raises(DeliveryFailed, match="not there any more"):
        await shop.send(message("", attachments=(gone,)), bsuid(ada))


async def test_a_refused_picture_goes_as_a_document(shop: Shop, ada: Customer) -> None:
    paper = shop.files.put(b"%PDF-1.4", kind="image", mime="application/pdf", name="a.pdf")
    dressed_up = replace(paper, mime="image/png")  # what we believe is not what is in it
    shop.fake.faults.plan(Refuse(131053))
    await shop.send(message("See", attachments=(dressed_up,)), bsuid(ada))
    assert [(seen.type, seen.text) for seen in ada.seen] == [("document", "See")]


async def test_a_file_that_nothing_takes_is_linked_or_told() -> None:
    async with a_shop(file_url=lambda a: f"https://baton.example.com/{a.name}") as shop:
        ada = shop.fake.customer("Ada")
        await ada.write("Hello")
        gif = shop.files.put(b"GIF89a", kind="image", mime="image/gif", name="a.gif")
        await shop.send(message("See", attachments=(gif,)), bsuid(ada))
        assert ada.texts == ["See\n\na.gif\nhttps://baton.example.com/a.gif"]
    async with a_shop() as shop:
        ada = shop.fake.customer("Ada")
        await ada.write("Hello")
        gif = shop.files.put(b"GIF89a", kind="image", mime="image/gif", name="a.gif")
        with pytest.raises(DeliveryFailed) as told:
            await shop.send(message("See", attachments=(gif,)), bsuid(ada))
        assert not told.value.retryable


async def test_refused_buttons_become_numbers(shop: Shop, ada: Customer) -> None:
    shop.fake.faults.plan(Refuse(131051))
    await shop.send(message("Sure?", ("Yes", "No")), bsuid(ada))
    assert ada.texts == ["Sure?\n\n1. Yes\n2. No"]


async def take(shop: Shop, url: str) -> bytes:
    attachment = Attachment(kind="image", url=url)
    return b"".join([piece async for piece in shop.channel.fetch(attachment, account="default")])


def remote(customer: Customer) -> str:
    return f"remote:{customer.said[-1].content['id']}"


async def test_a_customers_file_is_fetched_with_the_token(shop: Shop, ada: Customer) -> None:
    await ada.image(JPEG)
    assert await take(shop, remote(ada)) == JPEG
    media, file = shop.fake.sent("media", "file")
    assert media.request.query == {"phone_number_id": NUMBER.id}
    assert NUMBER.token not in media.request.target + file.request.target
    assert file.request.headers["authorization"] == f"Bearer {NUMBER.token}"


async def test_a_file_that_is_too_large_is_not_read(shop: Shop, ada: Customer) -> None:
    await ada.image(b"x" * 1_000_001)
    with pytest.raises(TooLarge):
        await take(shop, remote(ada))
    assert not shop.fake.sent("file")


async def test_a_file_that_the_platform_has_no_more(shop: Shop, ada: Customer) -> None:
    await ada.image(JPEG)
    await advance(shop, timedelta(days=8).total_seconds())
    for url in (remote(ada), "remote:", "https://elsewhere.example.com/x"):
        with pytest.raises(UnknownFile):
            await take(shop, url)
    assert shop.channel.troubles.standing == 0
    shop.fake.violations.clear()  # to ask for a file that is gone is no mistake


@pytest.mark.parametrize(
    ("fault", "on"),
    [
        (Broken(status=500), "media"),
        (Lose(), "media"),
        (Refuse(131000), "media"),
        (Refuse(190), "media"),
        (Refuse(4), "media"),
        (Broken(status=404), "file"),
        (Broken(status=500), "file"),
        (Drop(), "file"),
    ],
)
async def test_a_file_that_may_come_later(shop: Shop, ada: Customer, fault: Any, on: str) -> None:
    await ada.image(JPEG)
    shop.fake.faults.plan(fault, on=on)
    with pytest.raises(FetchFailed):
        await take(shop, remote(ada))
    assert await take(shop, remote(ada)) == JPEG


async def test_a_damaged_file_is_not_kept(
    shop: Shop, ada: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ada.image(JPEG)
    described = shop.fake.shelf.describe

    def damaged(*given: Any) -> dict[str, Any]:
        return described(*given) | {"sha256": hashlib.sha256(b"another").hexdigest()}

    monkeypatch.setattr(shop.fake.shelf, "describe", damaged)
    with pytest.raises(FetchFailed):
        await take(shop, remote(ada))


@pytest.mark.parametrize(
    "address",
    ["https://evil.example.com/x", "https://fbsbx.com.evil.example/x", "http://lookaside.fbsbx.com/x",
     "https://evil-fbsbx.com/x", "https://lookaside.fbsbx.com:8443/x", "https://[x", "file:///etc/passwd"],
)  # fmt: skip
async def test_the_token_goes_to_no_strange_host(
    shop: Shop, ada: Customer, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    await ada.image(JPEG)
    monkeypatch.setattr(shop.fake.shelf, "describe", lambda *given: {"url": address})
    with pytest.raises(FetchFailed):
        await take(shop, remote(ada))
    assert not [counted for counted in shop.metrics.counted if counted[:2] == ("whatsapp_calls", "file")]


async def test_another_port_is_another_host(
    shop: Shop, ada: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    thief = Listener(NUMBER)
    await thief.start()
    await ada.image(JPEG)
    monkeypatch.setattr(shop.fake.shelf, "describe", lambda *given: {"url": f"{thief.url}/x"})
    with pytest.raises(FetchFailed):
        await take(shop, remote(ada))
    await thief.stop()
    assert not [counted for counted in shop.metrics.counted if counted[:2] == ("whatsapp_calls", "file")]


# --- marks ---------------------------------------------------------------------------------------


async def test_typing_is_shown_again_only_when_it_would_end(shop: Shop, ada: Customer) -> None:
    message_id = ada.said[-1].id
    for _ in range(5):
        await shop.channel.typing(account="default", address=bsuid(ada), message_id=message_id + "#2")
        await advance(shop, 4)
    await shop.channel.typing(account="default", address=bsuid(ada), message_id=message_id)
    assert [named for _, named in ada.typing] == [message_id] * 2
    assert ada.read_marks[0] == message_id


async def test_read_marks(shop: Shop, ada: Customer) -> None:
    message_id = ada.said[-1].id
    await shop.channel.seen(account="default", address=bsuid(ada), message_id=message_id)
    await shop.channel.seen(account="default", address=bsuid(ada), message_id=message_id)
    assert ada.read_marks == [message_id]
    await shop.channel.typing(account="default", address=bsuid(ada), message_id=message_id)
    assert len(ada.typing) == 1


async def test_signs_never_raise(shop: Shop, ada: Customer) -> None:
    for fault in (Refuse(131009), Lose(), Broken(status=500)):
        shop.fake.faults.plan(fault, on="marks")
        await shop.channel.typing(account="default", address=bsuid(ada), message_id=ada.said[-1].id)
        await advance(shop, 30)
    await shop.channel.typing(account="default", address=bsuid(ada))
    await shop.channel.typing(account="gone", address=bsuid(ada), message_id="x")
    assert len(shop.fake.sent("marks")) == 3


async def test_what_is_asked_of_a_channel(shop: Shop, ada: Customer) -> None:
    assert not shop.channel.joins("default")
    assert not shop.channel.joins("gone")
    with pytest.raises(DeliveryFailed, match="not connected"):
        await shop.channel.send(Sending(message=message("x"), account="gone", address=bsuid(ada)))
    with pytest.raises(DeliveryFailed, match="nothing in this message"):
        await shop.send(message("", custom={"payload": 1}), bsuid(ada))
    async with a_shop(settings={"join_bubbles": True}) as other:
        assert other.channel.joins("default")
