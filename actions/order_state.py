"""What is said of an order's state: dates, carrier and link, each left out when nobody knows it."""

from __future__ import annotations

from actions.common import Domain, day, has_response, item_of, part, services
from bot.domain.customer import Order

ON_ITS_WAY = frozenset({"shipped", "out_for_delivery"})
UNDER_WAY = ON_ITS_WAY | {"processing", "packed"}


def overdue(order: Order) -> bool:
    """Say whether an order should have been there before today."""
    due = order.expected_on
    return order.status in UNDER_WAY and due is not None and due < services().context.now.date()


def order_values(order: Order, domain: Domain) -> dict[str, str]:
    """Return what responses about an order may mention."""
    tracking, carrier = order.tracking_url or order.tracking_code, order.carrier
    return {
        "order_number": order.number,
        "order_item": item_of(order, domain),
        "order_status": status_words(order, domain),
        "expected": _expected(order, domain),
        "due": day(order.expected_on),
        "carrier": part(domain, "utter_part_carrier", carrier=carrier) if carrier else "",
        "tracking": part(domain, "utter_part_tracking", tracking=tracking) if tracking else "",
        "delivered": part(domain, "utter_part_delivered", day=day(order.delivered_on))
        if order.delivered_on
        else "",
    }


def status_words(order: Order, domain: Domain) -> str:
    """Return the state in a word or two; as the company's system names it if trainers have none."""
    name = "utter_part_state_overdue" if overdue(order) else f"utter_part_state_{order.status}"
    return part(domain, name) if has_response(domain, name) else order.status.replace("_", " ")


def _expected(order: Order, domain: Domain) -> str:
    if order.expected_on is None or order.status not in UNDER_WAY or overdue(order):
        return ""
    days = (order.expected_on - services().context.now.date()).days
    near = {0: "utter_part_expected_today", 1: "utter_part_expected_tomorrow"}
    return part(domain, near.get(days, "utter_part_expected"), day=day(order.expected_on))
