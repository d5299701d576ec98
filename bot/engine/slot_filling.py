"""Which slots a message can fill at all: Rasa's own check goes through every mapping of every slot.

A mapping is looked at only if the message has its entity and the active form is one of its own; what is
left is decided by Rasa's functions, in Rasa's order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from rasa.core.actions.action import ActionExtractSlots, extract_slot_value_from_predefined_mapping
from rasa.core.actions.forms import FormAction
from rasa.shared.core.constants import DEFAULT_SLOT_NAMES, REQUESTED_SLOT, SlotMappingType
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import Event, SlotSet
from rasa.shared.core.slot_mappings import SlotMapping
from rasa.shared.core.slots import ListSlot, Slot


@dataclass(frozen=True, kw_only=True, slots=True)
class Filling:
    """One mapping of a slot; `loops` are the forms it is bound to (None: no form), or None for any."""

    slot: Slot
    mapping: dict[str, Any]
    kind: SlotMappingType
    entity: str | None
    loops: frozenset[str | None] | None


class Fillings:
    """The mappings of a domain that can do something, by the active form."""

    def __init__(self, domain: Domain) -> None:
        """Take the domain; invalid mappings are left out here, as Rasa leaves them out each time."""
        slots = (slot for slot in domain.slots if slot.name not in DEFAULT_SLOT_NAMES)
        self._all = [filling for slot in slots for filling in _fillings(slot, domain)]
        self._by_loop: dict[str | None, list[Filling]] = {}
        self._forms: dict[str, FormAction] = {}

    def form(self, name: str) -> FormAction:
        """Return a form, which remembers which of its mappings are unique."""
        if name not in self._forms:
            self._forms[name] = FormAction(name, None)
        return self._forms[name]

    def possible(self, loop: str | None, entities: Iterable[dict[str, Any]]) -> Iterator[list[Filling]]:
        """Yield for each slot that may be filled now its mappings, in their order."""
        bound = self._by_loop.get(loop)
        if bound is None:
            bound = self._by_loop[loop] = [f for f in self._all if f.loops is None or loop in f.loops]
        said = {entity.get("entity") for entity in entities}
        left = [f for f in bound if f.entity is None or f.entity in said]
        for _, group in groupby(left, key=lambda f: f.slot.name):
            yield list(group)


def _fillings(slot: Slot, domain: Domain) -> Iterator[Filling]:
    for mapping in slot.mappings:
        kind = SlotMappingType(mapping.get("type"))
        if kind == SlotMappingType.CUSTOM and not mapping.get("action"):
            continue  # filled by an action that runs anyway
        if not SlotMapping.check_mapping_validity(slot.name, kind, mapping, domain):
            continue
        conditions = mapping.get("conditions")
        anywhere = not conditions or kind == SlotMappingType.FROM_TRIGGER_INTENT
        yield Filling(
            slot=slot,
            mapping=mapping,
            kind=kind,
            entity=mapping.get("entity") if kind == SlotMappingType.FROM_ENTITY else None,
            loops=None if anywhere else frozenset(c.get("active_loop") for c in conditions),
        )


async def extract(
    action: ActionExtractSlots, output: Any, nlg: Any, tracker: Any, domain: Domain
) -> list[Event]:
    """Return what the last message says about slots, as `ActionExtractSlots.run` does."""
    known = action.__dict__.get("_baton_fillings")
    if known is None or known[0] is not domain:
        known = action._baton_fillings = (domain, Fillings(domain))
    all_fillings: Fillings = known[1]
    message = tracker.latest_message
    events: list[Event] = []
    ran: set[str] = set()
    for fillings in all_fillings.possible(tracker.active_loop_name, message.entities if message else ()):
        for filling in fillings:
            if not _fits(filling, all_fillings, tracker, domain):
                continue
            event = _value(filling, tracker)
            if event is not None:
                events.append(event)
                break
            if filling.kind == SlotMappingType.CUSTOM:
                said, ran = await action._execute_custom_action(
                    filling.mapping, ran, output, nlg, tracker, domain
                )
                events.extend(said)
    settled: list[Event] = await action._execute_validation_action(events, output, nlg, tracker, domain)
    return settled


def _fits(filling: Filling, fillings: Fillings, tracker: Any, domain: Domain) -> bool:
    mapping = filling.mapping
    return (
        SlotMapping.intent_is_desired(mapping, tracker, domain)
        and ActionExtractSlots._verify_mapping_conditions(mapping, tracker, filling.slot.name)
        and not _ambiguous(filling, fillings, tracker, domain)
    )


def _ambiguous(filling: Filling, fillings: Fillings, tracker: Any, domain: Domain) -> bool:
    """As `ActionExtractSlots._fails_unique_entity_mapping_check`, which makes a form each time."""
    loop, name = tracker.active_loop_name, filling.slot.name
    if filling.kind != SlotMappingType.FROM_ENTITY or not loop or tracker.get_slot(REQUESTED_SLOT) == name:
        return False
    form = fillings.form(loop)
    return name in form.required_slots(domain) and not form.entity_mapping_is_unique(
        filling.mapping, domain
    )


def _value(filling: Filling, tracker: Any) -> SlotSet | None:
    if not filling.kind.is_predefined_type():
        return None
    found = extract_slot_value_from_predefined_mapping(filling.kind, filling.mapping, tracker)
    if not found:
        return None
    name = filling.slot.name
    value = found if isinstance(filling.slot, ListSlot) else found[-1]
    return SlotSet(name, value) if value is not None or tracker.get_slot(name) is not None else None
