"""Files from upload to transcript: whose they are, what becomes of them, and what the bot says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from bot.domain.agents import Role
from bot.domain.errors import (
    InvalidInput,
    NotFound,
    NotPermitted,
    TooLarge,
    TooManyRequests,
    UnknownFile,
    UnsupportedFile,
)
from bot.domain.media import MAX_FILES, MAX_UNSENT, PART_SIZE
from bot.domain.message import Attachment, Author, InboundMessage, Kind
from bot.services.desk_files import DeskFiles
from bot.services.intake import Accepted
from bot.services.media import AT_ONCE, ChannelMedia
from tests.support.world import World

KEPT = "utter_system_unsupported"


async def chunks(content: bytes, size: int = 50_000) -> AsyncIterator[bytes]:
    for at in range(0, len(content), size):
        yield content[at : at + size]


@pytest.fixture
async def world() -> World:
    return await World().start()


def files(world: World) -> ChannelMedia:
    return world.media.of("rest")


def desk_files(world: World) -> DeskFiles:
    return DeskFiles(store=world.store, media=world.media, feedback=world.feedback)


async def upload(world: World, content: bytes = b"hello", name: str = "a.txt", owner: str = "kim") -> str:
    kept = await files(world).keep(chunks(content), name=name, owner=owner)
    return kept.url.removeprefix("media:")


async def send(world: World, *ids: str, sender: str = "kim", number: str = "", **more: Any) -> Accepted:
    attachments = await files(world).claim(ids, owner=sender)
    accepted = await world.intake.accept(
        InboundMessage(
            channel="rest",
            address=sender,
            external_id=number or f"={next(world.ids)}",
            received_at=world.clock.now(),
            attachments=attachments,
            **more,
        )
    )
    await world.idle()
    return accepted


def said(accepted: Accepted) -> list[str]:
    return [message.text for message in accepted.replies]


async def content(world: World, media_id: str, *span: int) -> bytes:
    media = await world.media.find(media_id)
    assert media is not None
    return b"".join([part async for part in world.media.read(media, *span)])


async def test_a_file_without_words_is_kept_and_the_bot_says_so(world: World) -> None:
    accepted = await send(world, await upload(world))
    assert said(accepted) == [KEPT]
    message = (await world.messages())[0]
    assert (message.author, message.kind, message.text) == (Author.CUSTOMER, Kind.MEDIA, "")
    assert message.attachments[0].name == "a.txt"


async def test_several_files_in_a_row_are_answered_once(world: World) -> None:
    answers = [said(await send(world, await upload(world))) for _ in range(3)]
    assert answers == [[KEPT], [], []]
    world.clock.move(61)
    assert said(await send(world, await upload(world))) == [KEPT]


async def test_words_with_a_file_are_answered_as_words(world: World) -> None:
    accepted = await send(world, await upload(world), text="hello")
    assert not accepted.done
    customer, bot = (await world.messages())[:2]
    assert (customer.text, customer.attachments[0].name, bot.author) == ("hello", "a.txt", Author.BOT)


async def test_a_large_file_comes_back_as_it_was(world: World) -> None:
    whole = ("0123456789abcdef" * (PART_SIZE // 8) + "the end").encode()
    media_id = await upload(world, whole)
    media = await world.media.find(media_id)
    assert media is not None
    assert (media.size, media.parts) == (len(whole), 3)
    assert await content(world, media_id) == whole
    spans = [
        (0, 1),
        (PART_SIZE - 1, PART_SIZE + 1),
        (5, 2 * PART_SIZE + 3),
        (PART_SIZE, 2 * PART_SIZE),
        (7, 7),
    ]
    for start, stop in spans:
        assert await content(world, media_id, start, stop) == whole[start:stop]


@pytest.mark.parametrize(
    ("data", "name", "reason"),
    [
        (b"", "a.txt", "empty"),
        (b"hello", "a.exe", "kind"),
        (b"<svg/>", "a.png", "kind"),
        (b"\x89PNG\r\n\x1a\n", "a.png", "damaged"),
    ],
)
async def test_what_is_not_taken_is_not_stored(world: World, data: bytes, name: str, reason: str) -> None:
    with pytest.raises(UnsupportedFile) as refused:
        await upload(world, data, name)
    assert refused.value.fields["reason"] == reason
    assert await unsent(world) == 0


async def unsent(world: World, owner: str = "kim") -> int:
    return await world.store.read(lambda tx: tx.count_unsent_media("rest", "default", owner))


async def test_a_file_that_is_too_large_is_read_no_further(world: World) -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 100_000
            yield b"a" * 100_000

    with pytest.raises(TooLarge) as refused:
        await files(world).keep(endless(), name="a.txt", owner="kim")
    assert refused.value.fields["limit"] == files(world).max_bytes
    assert taken <= files(world).max_bytes + 100_000
    assert await unsent(world) == 0


async def test_a_file_as_large_as_it_may_be(world: World) -> None:
    assert await upload(world, b"a" * files(world).max_bytes)


async def test_an_upload_that_ends_midway_leaves_nothing(world: World) -> None:
    async def breaks() -> AsyncIterator[bytes]:
        yield b"hello"
        raise ConnectionResetError

    for _ in range(AT_ONCE + 1):
        with pytest.raises(ConnectionResetError):
            await files(world).keep(breaks(), name="a.txt", owner="kim")
    assert await unsent(world) == 0
    assert await upload(world)


async def test_a_node_takes_so_many_files_at_once(world: World) -> None:
    go_on = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"hello"
        await go_on.wait()

    waiting = [
        asyncio.create_task(files(world).keep(slow(), name="a.txt", owner=f"k{n}")) for n in range(AT_ONCE)
    ]
    await asyncio.sleep(0.01)
    with pytest.raises(TooManyRequests):
        await upload(world)
    go_on.set()
    assert len({kept.url for kept in await asyncio.gather(*waiting)}) == AT_ONCE
    assert await upload(world)


async def test_nobody_piles_up_files(world: World) -> None:
    ids = [await upload(world) for _ in range(MAX_UNSENT)]
    with pytest.raises(TooManyRequests):
        await upload(world)
    assert await upload(world, owner="lee")
    await send(world, ids[0])
    assert await upload(world)


async def test_only_who_uploaded_a_file_may_send_it(world: World) -> None:
    media_id = await upload(world)
    for owner, channel in (("eve", "rest"), ("kim", "push")):
        with pytest.raises(UnknownFile):
            await world.media.of(channel).claim([media_id], owner=owner)
    stolen = Attachment(kind="image", url=f"media:{media_id}", name="x", mime="text/html")
    with pytest.raises(UnknownFile):
        await accept(world, [stolen], sender="eve")
    assert await world.store.read(lambda tx: tx.identity("rest", "default", "eve")) is None
    # Its facts are those that are stored, whatever the message says.
    await accept(world, [stolen], sender="kim")
    assert (await world.messages())[0].attachments == (
        Attachment(kind="file", url=f"media:{media_id}", name="a.txt", mime="text/plain", size=5),
    )


async def accept(world: World, attachments: Sequence[Attachment], *, sender: str) -> Accepted:
    return await world.intake.accept(
        InboundMessage(
            channel="rest",
            address=sender,
            external_id=f"={next(world.ids)}",
            received_at=world.clock.now(),
            attachments=tuple(attachments),
        )
    )


async def test_a_file_is_in_one_message_and_a_repetition_is_no_other(world: World) -> None:
    media_id = await upload(world)
    first = await send(world, media_id, number="=1")
    again = await send(world, media_id, number="=1")
    assert (again.duplicate, said(again)) == (True, said(first))
    with pytest.raises(UnknownFile):
        await send(world, media_id, number="=2")
    assert [m.kind for m in await world.messages()] == [Kind.MEDIA, Kind.TEXT]


async def test_of_two_messages_at_once_one_has_the_file(world: World) -> None:
    media_id = await upload(world)
    outcomes = await asyncio.gather(
        *(send(world, media_id, number=f"={n}") for n in range(5)), return_exceptions=True
    )
    assert sum(isinstance(outcome, Accepted) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, UnknownFile) for outcome in outcomes) == 4


async def test_a_message_has_so_many_files(world: World) -> None:
    ids = [await upload(world) for _ in range(MAX_FILES + 1)]
    with pytest.raises(TooLarge):
        await files(world).claim(ids, owner="kim")
    await send(world, *ids[:MAX_FILES], ids[0])
    assert len((await world.messages())[0].attachments) == MAX_FILES


@pytest.mark.parametrize("unknown", ["", "nothing", "\0", "a" * 500])
async def test_a_file_that_is_not_there(world: World, unknown: str) -> None:
    with pytest.raises(UnknownFile):
        await files(world).claim([unknown], owner="kim")
    assert await world.media.find(unknown) is None


async def test_what_was_never_sent_goes_after_a_day(world: World) -> None:
    kept, lost = await upload(world), await upload(world)
    await send(world, kept)
    world.clock.move(86_399)
    await world.timers.clean()
    assert await world.media.find(lost) is not None
    world.clock.move(3_601)
    await world.timers.clean()
    assert await world.media.find(lost) is None
    assert await content(world, kept) == b"hello"
    with pytest.raises(UnknownFile):
        await files(world).claim([lost], owner="kim")


async def test_a_file_deleted_while_it_is_read_ends_the_reading(world: World) -> None:
    media_id = await upload(world, b"a" * (PART_SIZE + 1))
    media = await world.media.find(media_id)
    assert media is not None
    reading = world.media.read(media)
    assert len(await anext(reading)) == PART_SIZE
    await world.store.write(lambda tx: tx.drop_media(media_id))
    with pytest.raises(UnknownFile):
        await anext(reading)


async def test_files_go_with_the_customer(world: World) -> None:
    sent, loose = await upload(world), await upload(world)
    await send(world, sent)
    customer = (await world.conversation()).customer_id
    export = await world.store.read(lambda tx: tx.export_customer(customer))
    assert {row["id"] for row in export["media"]} == {sent, loose}
    assert [row["data"] for row in export["media_parts"]] == ["aGVsbG8="] * 2
    await world.store.write(lambda tx: tx.erase_customer(customer))
    assert [await world.media.find(one) for one in (sent, loose)] == [None, None]


# --- agents


async def claimed(world: World) -> tuple[Any, str]:
    await world.ask("hello")
    ana, conversation = await world.agent(), await world.conversation()
    await world.desk.claim(ana, conversation.id)
    return ana, conversation.id


async def test_an_agent_sends_a_file_and_the_customer_gets_an_address(world: World) -> None:
    ana, conversation_id = await claimed(world)
    kept = await desk_files(world).keep(ana, conversation_id, chunks(b"%PDF-1 %%EOF"), name="offer.pdf")
    assert kept["url"] == f"/api/v1/media/{kept['id']}"
    shown = await world.desk.say(
        ana, conversation_id, text="", kind="reply", client_id="c1", files=[kept["id"]]
    )
    assert shown["attachments"] == [kept]
    again = await world.desk.say(
        ana, conversation_id, text="", kind="reply", client_id="c1", files=[kept["id"]]
    )
    assert again["seq"] == shown["seq"]
    message = (await world.messages())[-1]
    assert (message.author, message.visible_to_customer) == (Author.AGENT, True)
    path = world.media.url(message.attachments[0])
    assert world.media.links.seconds_left(*path.split("/")[2:4]) > 0


async def test_a_notes_file_is_for_agents(world: World) -> None:
    ana, conversation_id = await claimed(world)
    kept = await desk_files(world).keep(ana, conversation_id, chunks(b"x"), name="a.txt")
    note = await world.desk.say(
        ana, conversation_id, text="look", kind="note", client_id="c1", files=[kept["id"]]
    )
    assert (note["kind"], note["attachments"]) == ("note", [kept])
    assert not (await world.messages())[-1].visible_to_customer


async def test_agents_send_only_what_they_uploaded_here(world: World) -> None:
    ana, conversation_id = await claimed(world)
    ben = await world.agent("Ben")
    customers = await upload(world)
    bens = (await desk_files(world).keep(ben, conversation_id, chunks(b"x"), name="a.txt"))["id"]
    for wrong in (customers, bens, "nothing"):
        with pytest.raises(UnknownFile):
            await world.desk.say(ana, conversation_id, text="a", kind="note", client_id="c1", files=[wrong])
    with pytest.raises(InvalidInput):
        await world.desk.say(ana, conversation_id, text=" ", kind="reply", client_id="c1")
    with pytest.raises(InvalidInput):
        await world.desk.say(ana, conversation_id, text="", kind="reply", client_id="c1", files=["a"] * 6)


async def test_agents_see_what_was_sent_and_nothing_else(world: World) -> None:
    ana, conversation_id = await claimed(world)
    media_id = await upload(world)
    for unseen in (media_id, "nothing"):
        with pytest.raises(NotFound):
            await desk_files(world).open(ana, unseen)
    await send(world, media_id)
    trainer = await world.agent("Tess", Role.TRAINER)
    assert (await desk_files(world).open(trainer, media_id)).name == "a.txt"
    with pytest.raises(NotPermitted):
        await desk_files(world).keep(trainer, conversation_id, chunks(b"x"), name="a.txt")


async def test_the_packet_tells_of_files(world: World) -> None:
    await send(world, await upload(world, name="broken mug.txt"))
    ana, conversation_id = await claimed(world)
    packet = (await world.desk.conversation(ana, conversation_id))["packet"]
    assert packet["turns"][0]["text"] == "[file: broken mug.txt]"
    assert packet["transcript"][0]["attachments"][0]["url"].startswith("/api/v1/media/")
