"""What every `DialogueEngine` must do. `test_engine.py` runs it on the ones that we have."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest
import pytest_asyncio

from bot.domain.errors import TurnFailed
from bot.domain.handoff import Reason
from bot.domain.turn import TurnRequest, TurnResult
from bot.ports import DialogueEngine
from tests.engine_pool.company import ORDER, Company, request


def essence(result: TurnResult) -> Mapping[str, Any]:
    """Return what two runs of one turn must agree on."""
    return {
        "messages": result.messages,
        "nlu": result.nlu,
        "handoff": result.handoff,
        "slots": result.slots,
        "awaiting": result.awaiting,
        "model": result.model,
    }


@dataclass(frozen=True)
class Lines:
    """What a customer says to this engine to bring about each situation."""

    known_text: str = "hello"
    asks: str = "order status"
    """Makes an engine that does not know the customer ask for the order number."""
    answer: str = "4521"
    awaited: str = "order_number"
    payload: str = "/greet"
    intent: str = "greet"
    orders: str = "/track_order"
    """For a known customer: looks at the orders."""
    person: str = "/contact_human_agent"


@pytest.mark.asyncio(loop_scope="class")
class DialogueEngineContract:
    """Subclasses give `make_engine`, and `lines` where theirs differ."""

    lines = Lines()

    def make_engine(self, folder: Any) -> DialogueEngine:
        raise NotImplementedError

    @pytest_asyncio.fixture(loop_scope="class", scope="class")
    async def engine(self, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[DialogueEngine]:
        engine = self.make_engine(tmp_path_factory.mktemp("engine"))
        await engine.start()
        yield engine
        await engine.stop()

    @pytest.fixture
    def company(self) -> Company:
        return Company()

    async def committed(self, engine: DialogueEngine, turn: TurnRequest, company: Company) -> TurnResult:
        result = await engine.turn(turn, company)
        engine.settle(result, committed=True)
        return result

    async def test_a_text_is_answered(self, engine: DialogueEngine, company: Company) -> None:
        turn = request(self.lines.known_text)
        result = await self.committed(engine, turn, company)
        assert result.turn_id == turn.turn_id
        assert result.messages
        assert all(draft.text or draft.attachments for draft in result.messages)
        assert isinstance(result.state, bytes)
        assert result.state
        assert not result.nlu.fallback
        assert result.nlu.intents
        assert result.model == engine.status.model

    async def test_the_state_carries_the_dialogue(self, engine: DialogueEngine, company: Company) -> None:
        asked = await self.committed(engine, request(self.lines.asks, known=False), company)
        assert asked.awaiting == self.lines.awaited
        again = request(self.lines.answer, conversation="another", state=asked.state, known=False)
        told = await self.committed(engine, again, company)
        fresh = await self.committed(engine, request("what", known=False), company)
        assert told.slots.get(self.lines.awaited) == self.lines.answer
        assert told.awaiting != self.lines.awaited
        assert self.lines.awaited not in fresh.slots

    async def test_a_dropped_turn_leaves_nothing_behind(
        self, engine: DialogueEngine, company: Company
    ) -> None:
        asked = await self.committed(engine, request(self.lines.asks, known=False), company)
        turn = request(self.lines.answer, conversation="dropped", state=asked.state, known=False)
        results = []
        for _ in range(3):  # with the live dialogue, then twice with one rebuilt from the state
            result = await engine.turn(turn, company)
            engine.settle(result, committed=False)
            results.append(essence(result))
        assert results[0] == results[1] == results[2]
        other = await self.committed(engine, replace(turn, text=self.lines.known_text), company)
        assert self.lines.awaited not in other.slots

    async def test_many_turns_go_on_while_one_waits(self, engine: DialogueEngine, company: Company) -> None:
        slow = request(payload=self.lines.orders, conversation="slow")
        company.gates["slow"] = asyncio.Event()
        task = asyncio.ensure_future(engine.turn(slow, company))
        await company.waits_for("slow")
        others = [request(self.lines.known_text) for _ in range(30)]
        others += [request(payload=self.lines.orders) for _ in range(10)]
        results = await asyncio.gather(*(engine.turn(turn, company) for turn in others))
        assert [result.turn_id for result in results] == [turn.turn_id for turn in others]
        assert all(result.messages for result in results)
        assert not task.done()
        company.gates["slow"].set()
        result = await task
        assert result.turn_id == slow.turn_id
        assert result.messages
        for each in [result, *results]:
            engine.settle(each, committed=True)

    async def test_the_directory_is_asked_for_this_turn(
        self, engine: DialogueEngine, company: Company
    ) -> None:
        turn = request(payload=self.lines.orders)
        result = await self.committed(engine, turn, company)
        assert {call[0] for call in company.calls} == {turn.conversation_id}
        assert {call[3] for call in company.calls} & {"orders", "order"}
        assert all(call[1].startswith(("action_", "validate_")) for call in company.calls)
        assert ORDER.number in repr(result.messages)

    async def test_a_cancelled_turn_leaves_nothing_behind(
        self, engine: DialogueEngine, company: Company
    ) -> None:
        turn = request(payload=self.lines.orders, conversation="given-up")
        undisturbed = await engine.turn(turn, company)
        engine.settle(undisturbed, committed=False)
        company.gates["given-up"] = asyncio.Event()
        task = asyncio.ensure_future(engine.turn(turn, company))
        await company.waits_for("given-up")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        company.gates.pop("given-up").set()
        again = await self.committed(engine, turn, company)
        assert essence(again) == essence(undisturbed)

    async def test_an_error_in_an_action_fails_the_turn(
        self, engine: DialogueEngine, company: Company
    ) -> None:
        company.broken = True
        turn = request(payload=self.lines.orders)
        with pytest.raises(TurnFailed):
            await engine.turn(turn, company)
        company.broken = False
        result = await self.committed(engine, turn, company)
        assert result.messages

    @pytest.mark.parametrize("text", ["/greet", "/restart", '/greet{"order_number": "1"}', "/", "//greet"])
    async def test_typed_text_is_never_a_command(
        self, engine: DialogueEngine, company: Company, text: str
    ) -> None:
        asked = await self.committed(engine, request(self.lines.asks, known=False), company)
        turn = request(text, conversation="slash", state=asked.state, known=False)
        result = await self.committed(engine, turn, company)
        assert result.messages
        assert not any(score.name == "greet" and score.confidence == 1.0 for score in result.nlu.intents)
        assert "1" not in result.slots.values()

    async def test_a_payload_names_its_intent(self, engine: DialogueEngine, company: Company) -> None:
        result = await self.committed(engine, request(payload=self.lines.payload), company)
        assert result.nlu.intents[0].name == self.lines.intent
        assert result.nlu.intents[0].confidence == 1.0
        assert result.messages

    async def test_a_person_is_only_signalled(self, engine: DialogueEngine, company: Company) -> None:
        result = await self.committed(engine, request(payload=self.lines.person), company)
        assert result.handoff is not None
        assert result.handoff.reason is Reason.ASKED_FOR_HUMAN
        after = request(self.lines.known_text, conversation="after", state=result.state)
        assert (await self.committed(engine, after, company)).handoff is None

    async def test_text_is_understood_without_a_dialogue(self, engine: DialogueEngine) -> None:
        nlu = await engine.understand(self.lines.known_text)
        assert nlu.intents
        assert not nlu.fallback

    async def test_odd_texts_are_answered(self, engine: DialogueEngine, company: Company) -> None:
        for text in ("", "   ", "\x00", "\u202eabc", "😀" * 1000, "{}[]", '"' * 50, "<b>hi</b>"):
            result = await self.committed(engine, request(text), company)
            assert isinstance(result.messages, tuple), text

    async def test_it_is_ready(self, engine: DialogueEngine) -> None:
        assert engine.status.ready
        assert engine.status.processes >= 1
        assert engine.status.model
        assert engine.status.detail == ""
