"""What every CustomerDirectory promises. A subclass supplies a shop with the orders named in `Facts`."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import pytest

from bot.domain.customer import Answer, Closure, Preferences, Status
from bot.domain.errors import ConfigError
from bot.ports import CustomerDirectory
from connectors.customers.demo import DemoDirectory, Failure
from tests.support.clock import FakeClock

NOTHING = Decimal(0)
SEED = Path(__file__).parents[2] / "data" / "demo" / "shop.json"


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Orders that the harness has: one customer with several, and one of each kind."""

    ref: str = "C1001"
    name: str = "Jane Miller"
    email: str = "jane.miller@example.com"
    phone: str = "+44 7700 900100"
    postcode: str = "M1 4BT"
    processing: str = "4522"
    processing_total: Decimal = Decimal("189.00")
    out_for_delivery: str = "4521"
    delivered: str = "4523"
    delivered_total: Decimal = Decimal("79.60")
    packed: str = "4525"
    shipped: str = "4524"
    late: str = "4527"
    cancelled: str = "4528"
    returned: str = "4529"
    unknown: str = "9999"
    packed_total: Decimal = Decimal("22.50")
    packed_fee: Decimal = Decimal("4.95")
    item: str = "Cast-iron teapot, 0.8 l"
    """A line of `delivered` that is in stock."""
    item_price: Decimal = Decimal("54.00")
    sold_out_item: str = "Sencha, 100 g"
    """The other line of it, which is not."""
    unpaid: str = "4539"
    """Processing; its payment failed."""
    other_ref: str = "C1002"
    other_email: str = "tariq.mahmood@example.org"
    idle_ref: str = "C1012"
    """A customer without an order on its way."""
    address: str = "9 Orchard Row, Salford, M3 5EN"
    product: str = "blue rug"
    product_name: str = "Cotton rug, blue stripe, 140 x 200 cm"


class CustomerDirectoryContract(ABC):
    facts = Facts()

    @pytest.fixture
    @abstractmethod
    def directory(self) -> AsyncIterator[CustomerDirectory]:
        """A started directory in its first state."""

    async def test_finds_by_email_whatever_the_case(self, directory: CustomerDirectory) -> None:
        answer = await directory.find(email=f" {self.facts.email.upper()} ")
        assert answer.value is not None
        assert (answer.value.ref, answer.value.name) == (self.facts.ref, self.facts.name)

    async def test_finds_by_phone_however_it_is_written(self, directory: CustomerDirectory) -> None:
        answer = await directory.find(phone=self.facts.phone.replace(" ", "-"))
        assert answer.value is not None
        assert answer.value.ref == self.facts.ref

    async def test_finds_nobody_by_nothing_or_by_what_is_unknown(
        self, directory: CustomerDirectory
    ) -> None:
        assert (await directory.find()).status is Status.NOT_FOUND
        assert (await directory.find(email="nobody@example.com")).status is Status.NOT_FOUND
        assert (await directory.find(phone="+44 7700 900999")).status is Status.NOT_FOUND

    async def test_profile(self, directory: CustomerDirectory) -> None:
        answer = await directory.profile(self.facts.ref)
        assert answer.value is not None
        assert answer.value.email == self.facts.email
        assert (await directory.profile("nobody")).status is Status.NOT_FOUND

    async def test_orders_newest_first_and_only_the_customers(self, directory: CustomerDirectory) -> None:
        answer = await directory.orders(self.facts.ref)
        assert answer.value is not None
        placed = [order.placed_on for order in answer.value]
        assert placed == sorted(placed, reverse=True)
        assert {order.customer_ref for order in answer.value} == {self.facts.ref}
        assert {self.facts.processing, self.facts.out_for_delivery} <= {o.number for o in answer.value}

    async def test_an_order_is_complete(self, directory: CustomerDirectory) -> None:
        answer = await directory.order(self.facts.processing)
        order = answer.value
        assert order is not None
        assert (order.status, order.total, order.cancellable, order.returnable) == (
            "processing",
            self.facts.processing_total,
            True,
            False,
        )
        assert sum(i.price * i.quantity for i in order.items) == order.total
        assert (order.changeable, order.cancellation_fee, order.warranty_until) == (
            True,
            NOTHING,
            None,
        )
        assert (order.payment_state, bool(order.payment_method)) == ("paid", True)
        assert self.facts.postcode in order.address
        assert (await directory.order(self.facts.unknown)).status is Status.NOT_FOUND

    async def test_a_sent_order_can_be_followed(self, directory: CustomerDirectory) -> None:
        order = (await directory.order(self.facts.out_for_delivery)).value
        assert order is not None
        assert order.status == "out_for_delivery"
        assert order.carrier
        assert order.tracking_code in order.tracking_url
        assert not order.cancellable

    @pytest.mark.parametrize(
        "change", [str, str.upper, str.lower, lambda p: p.replace(" ", ""), lambda p: f" {p} "]
    )
    async def test_proofs_however_they_are_typed(
        self, directory: CustomerDirectory, change: object
    ) -> None:
        assert callable(change)
        for proof in (self.facts.email, self.facts.postcode):
            answer = await directory.prove_order(self.facts.processing, change(proof))
            assert answer.value is not None
            assert answer.value.number == self.facts.processing

    async def test_wrong_number_and_wrong_proof_look_alike(self, directory: CustomerDirectory) -> None:
        wrong = await directory.prove_order(self.facts.processing, "other@example.com")
        other = await directory.prove_order(self.facts.packed, self.facts.email)
        nothing = await directory.prove_order(self.facts.processing, "")
        unknown = await directory.prove_order(self.facts.unknown, self.facts.email)
        assert wrong == other == nothing == unknown
        assert wrong.status is Status.NOT_FOUND

    async def test_cancels_and_refunds(self, directory: CustomerDirectory) -> None:
        answer = await directory.cancel_order(self.facts.processing, key="k1")
        assert answer.value is not None
        assert (answer.value.number, answer.value.refund) == (
            self.facts.processing,
            self.facts.processing_total,
        )
        assert (answer.value.already, answer.value.fee) == (False, NOTHING)
        order = (await directory.order(self.facts.processing)).value
        assert order is not None
        assert (order.status, order.cancellable) == ("cancelled", False)
        refund = (await directory.refund_status(self.facts.processing)).value
        assert refund is not None
        assert (refund.amount, refund.order_number) == (self.facts.processing_total, self.facts.processing)

    async def test_cancels_a_packed_order_for_the_fee_that_it_named(
        self, directory: CustomerDirectory
    ) -> None:
        order = (await directory.order(self.facts.packed)).value
        assert order is not None
        assert order.cancellation_fee == self.facts.packed_fee
        done = (await directory.cancel_order(self.facts.packed, key="k1")).value
        assert done is not None
        assert (done.fee, done.refund) == (
            self.facts.packed_fee,
            self.facts.packed_total - self.facts.packed_fee,
        )
        refund = (await directory.refund_status(self.facts.packed)).value
        assert refund is not None
        assert refund.amount == done.refund

    async def test_what_was_not_paid_is_not_paid_back(self, directory: CustomerDirectory) -> None:
        order = (await directory.order(self.facts.unpaid)).value
        assert order is not None
        assert (order.status, order.payment_state, order.cancellation_fee) == (
            "processing",
            "failed",
            NOTHING,
        )
        done = (await directory.cancel_order(self.facts.unpaid, key="k1")).value
        assert done is not None
        assert (done.refund, done.fee) == (NOTHING, NOTHING)

    async def test_the_same_key_gives_the_first_answer(self, directory: CustomerDirectory) -> None:
        first = await directory.cancel_order(self.facts.processing, key="k1")
        assert await directory.cancel_order(self.facts.processing, key="k1") == first
        other = await directory.cancel_order(self.facts.processing, key="k2")
        assert (other.status, other.detail) == (Status.REFUSED, "cancelled")
        assert await directory.cancel_order(self.facts.processing, key="k2") == other

    async def test_a_refusal_is_kept_too(self, directory: CustomerDirectory) -> None:
        first = await directory.start_return(self.facts.processing, "damaged", key="k1")
        assert (first.status, first.detail) == (Status.REFUSED, "not_delivered")
        assert await directory.start_return(self.facts.processing, "damaged", key="k1") == first

    async def test_many_at_once_cancel_once(self, directory: CustomerDirectory) -> None:
        answers = await asyncio.gather(
            *(directory.cancel_order(self.facts.processing, key=f"k{i % 5}") for i in range(20))
        )
        done = [answer for answer in answers if answer.ok]
        assert len(done) == 4  # one key did it; its four calls say so
        assert {a.detail for a in answers if not a.ok} == {"cancelled"}

    @pytest.mark.parametrize(
        ("kind", "detail"),
        [
            ("shipped", "shipped"),
            ("out_for_delivery", "shipped"),
            ("delivered", "delivered"),
            ("returned", "delivered"),
            ("cancelled", "cancelled"),
        ],
    )
    async def test_refuses_to_cancel(self, directory: CustomerDirectory, kind: str, detail: str) -> None:
        number = getattr(self.facts, kind)
        answer = await directory.cancel_order(number, key="k1")
        assert (answer.status, answer.detail) == (Status.REFUSED, detail)

    async def test_starts_a_return_once(self, directory: CustomerDirectory) -> None:
        answer = await directory.start_return(self.facts.delivered, "damaged", key="k1")
        refund = answer.value
        assert refund is not None
        assert (refund.order_number, refund.amount, refund.state) == (
            self.facts.delivered,
            self.facts.delivered_total,
            "requested",
        )
        assert await directory.start_return(self.facts.delivered, "damaged", key="k1") == answer
        again = await directory.start_return(self.facts.delivered, "damaged", key="k2")
        assert (again.status, again.detail) == (Status.REFUSED, "already")
        assert (await directory.refund_status(self.facts.delivered)).value == refund
        order = (await directory.order(self.facts.delivered)).value
        assert order is not None
        assert not order.returnable

    async def test_returns_one_line_of_an_order(self, directory: CustomerDirectory) -> None:
        number, item = self.facts.delivered, self.facts.item
        answer = await directory.start_return(number, "damaged", item=item, key="k1")
        refund = answer.value
        assert refund is not None
        assert (refund.item, refund.resolution, refund.amount) == (item, "refund", self.facts.item_price)
        again = await directory.start_return(number, "damaged", item=item, key="k2")
        assert (again.status, again.detail) == (Status.REFUSED, "already")
        order = (await directory.order(number)).value
        assert order is not None
        assert order.returnable, "the other line is"
        other = await directory.start_return(number, "damaged", item=self.facts.sold_out_item, key="k3")
        assert other.value is not None
        assert other.value.amount == self.facts.delivered_total - self.facts.item_price
        assert (await directory.refund_status(number)).value == other.value

    async def test_replaces_what_is_in_stock(self, directory: CustomerDirectory) -> None:
        number = self.facts.delivered
        answer = await directory.start_return(
            number, "damaged", item=self.facts.item, resolution="replacement", key="k1"
        )
        assert answer.value is not None
        assert (answer.value.resolution, answer.value.amount) == ("replacement", NOTHING)
        assert answer.value.expected_on is not None
        for item, key in ((self.facts.sold_out_item, "k2"), ("", "k3")):
            refused = await directory.start_return(
                number, "damaged", item=item, resolution="replacement", key=key
            )
            assert refused.status is Status.REFUSED
            assert refused.detail == ("no_replacement" if item else "already")

    async def test_refuses_to_return_what_was_not_in_the_order(self, directory: CustomerDirectory) -> None:
        answer = await directory.start_return(self.facts.delivered, "damaged", item="Grand piano", key="k1")
        assert (answer.status, answer.detail) == (Status.REFUSED, "unknown_item")

    async def test_a_delivered_order_has_a_warranty_and_an_invoice(
        self, directory: CustomerDirectory
    ) -> None:
        order = (await directory.order(self.facts.delivered)).value
        invoice = (await directory.invoice(self.facts.delivered)).value
        assert order is not None
        assert order.delivered_on is not None
        assert order.warranty_until is not None
        assert order.warranty_until > order.delivered_on
        assert not order.changeable
        assert invoice is not None
        assert (invoice.order_number, invoice.total, invoice.currency) == (
            order.number,
            self.facts.delivered_total,
            order.currency,
        )
        assert invoice.number
        assert invoice.url.startswith("https://")

    async def test_no_invoice_yet_or_no_such_order(self, directory: CustomerDirectory) -> None:
        assert (await directory.invoice(self.facts.processing)).status is Status.NOT_FOUND
        assert (await directory.invoice(self.facts.unknown)).status is Status.NOT_FOUND

    # --- addresses

    @pytest.mark.parametrize("kind", ["processing", "packed"])
    async def test_sends_an_order_elsewhere(self, directory: CustomerDirectory, kind: str) -> None:
        number, address = getattr(self.facts, kind), self.facts.address
        answer = await directory.change_address(address, number=number, key="k1")
        assert answer.value is not None
        assert (answer.value.address, answer.value.number) == (address, number)
        assert await directory.change_address(address, number=number, key="k1") == answer
        order = (await directory.order(number)).value
        assert order is not None
        assert order.address == address
        profile = (await directory.profile(order.customer_ref)).value
        assert profile is not None
        assert profile.address != address, "an order's address is not the account's"

    async def test_changes_the_accounts_address(self, directory: CustomerDirectory) -> None:
        ref, address = self.facts.ref, self.facts.address
        answer = await directory.change_address(address, ref=ref, key="k1")
        assert answer.value is not None
        assert (answer.value.address, answer.value.number) == (address, "")
        profile = (await directory.profile(ref)).value
        assert profile is not None
        assert profile.address == address
        order = (await directory.order(self.facts.processing)).value
        assert order is not None
        assert order.address != address, "what was ordered goes where it was to go"

    @pytest.mark.parametrize("kind", ["shipped", "out_for_delivery", "delivered", "cancelled"])
    async def test_too_late_for_another_address(self, directory: CustomerDirectory, kind: str) -> None:
        number = getattr(self.facts, kind)
        answer = await directory.change_address(self.facts.address, number=number, key="k1")
        assert (answer.status, answer.detail) == (Status.REFUSED, "left")

    @pytest.mark.parametrize("address", ["Leeds", "12 High Street, Leeds", "LS6 2AB", "the office"])
    async def test_half_an_address_is_none(self, directory: CustomerDirectory, address: str) -> None:
        for place in ({"number": self.facts.processing}, {"ref": self.facts.ref}):
            answer = await directory.change_address(address, **place, key=f"k {place}")
            assert (answer.status, answer.detail) == (Status.REFUSED, "incomplete")

    # --- goodwill

    async def test_gives_goodwill_once(self, directory: CustomerDirectory) -> None:
        ref, number, amount = self.facts.ref, self.facts.delivered, Decimal("12.50")
        answer = await directory.grant_goodwill(ref, number, amount, "GBP", "It came late.", key="k1")
        given = answer.value
        assert given is not None
        assert (given.amount, given.currency, given.order_number) == (amount, "GBP", number)
        assert given.code
        assert given.kind in ("voucher", "refund")
        assert (
            await directory.grant_goodwill(ref, number, amount, "GBP", "It came late.", key="k1") == answer
        )
        other = await directory.grant_goodwill(ref, "", Decimal(3), "GBP", "And again.", key="k2")
        assert other.value is not None
        assert other.value.code != given.code
        assert other.value.order_number == ""

    async def test_goodwill_has_limits_a_currency_and_a_customer(
        self, directory: CustomerDirectory
    ) -> None:
        ref, number, ten = self.facts.ref, self.facts.delivered, Decimal(10)
        for of, order, amount, currency, status, detail in (
            (ref, number, Decimal(100_000), "GBP", Status.REFUSED, "too_much"),
            (ref, number, ten, "USD", Status.REFUSED, "currency"),
            (ref, self.facts.unknown, ten, "GBP", Status.NOT_FOUND, ""),
            (self.facts.other_ref, number, ten, "GBP", Status.NOT_FOUND, ""),
            ("nobody", "", ten, "GBP", Status.NOT_FOUND, ""),
        ):
            key = f"{of} {order} {amount} {currency}"
            answer = await directory.grant_goodwill(of, order, amount, currency, "late", key=key)
            assert (answer.status, answer.detail) == (status, detail)

    # --- accounts

    async def test_a_profile_is_complete(self, directory: CustomerDirectory) -> None:
        profile = (await directory.profile(self.facts.ref)).value
        assert profile is not None
        assert self.facts.postcode in profile.address
        assert profile.points is not None
        assert profile.points > 0
        assert profile.preferences.newsletter
        assert not profile.preferences.offers

    async def test_sets_preferences_and_leaves_the_others(self, directory: CustomerDirectory) -> None:
        ref = self.facts.ref
        answer = await directory.set_preferences(ref, {"newsletter": False, "sms": False}, key="k1")
        wanted = Preferences(newsletter=False, sms=False)
        assert answer == Answer(status=Status.OK, value=wanted)
        await directory.set_preferences(ref, {"offers": True}, key="k2")
        first_again = await directory.set_preferences(ref, {"newsletter": False, "sms": False}, key="k1")
        assert first_again == answer
        profile = (await directory.profile(ref)).value
        assert profile is not None
        assert profile.preferences == replace(wanted, offers=True)

    async def test_changes_the_account_holder(self, directory: CustomerDirectory) -> None:
        ref, changes = self.facts.ref, {"name": "Jane Smith", "email": "jane.smith@example.com"}
        answer = await directory.update_account_holder(ref, changes, key="k1")
        assert answer.value is not None
        assert (answer.value.name, answer.value.email) == ("Jane Smith", "jane.smith@example.com")
        assert answer.value.phone == self.facts.phone
        assert await directory.update_account_holder(ref, changes, key="k1") == answer
        found = await directory.find(email="jane.smith@example.com")
        assert found.value is not None
        assert found.value.ref == ref
        back = await directory.update_account_holder(ref, {"name": self.facts.name}, key="k2")
        assert back.value is not None
        assert (back.value.name, back.value.email) == (self.facts.name, "jane.smith@example.com")

    @pytest.mark.parametrize(
        "changes",
        [
            {"email": "not an address"},
            {"phone": "call me"},
            {"name": " "},
            {"name": "Jane Smith", "email": "jane@"},
        ],
    )
    async def test_changes_nothing_to_something_that_cannot_be(
        self, directory: CustomerDirectory, changes: dict[str, str]
    ) -> None:
        before = await directory.profile(self.facts.ref)
        answer = await directory.update_account_holder(self.facts.ref, changes, key="k1")
        assert (answer.status, answer.detail) == (Status.REFUSED, "invalid")
        assert await directory.profile(self.facts.ref) == before

    async def test_anothers_email_is_taken(self, directory: CustomerDirectory) -> None:
        changes = {"email": self.facts.other_email.upper()}
        answer = await directory.update_account_holder(self.facts.ref, changes, key="k1")
        assert (answer.status, answer.detail) == (Status.REFUSED, "taken")
        own = await directory.update_account_holder(self.facts.other_ref, changes, key="k2")
        assert own.ok, "it may be written another way"

    async def test_closes_an_account_once(self, directory: CustomerDirectory) -> None:
        answer = await directory.close_account(self.facts.idle_ref, key="k1")
        assert answer.value is not None
        assert not answer.value.already
        assert await directory.close_account(self.facts.idle_ref, key="k1") == answer
        again = (await directory.close_account(self.facts.idle_ref, key="k2")).value
        assert again == Closure(closes_on=answer.value.closes_on, already=True)

    async def test_an_account_with_orders_on_their_way_stays(self, directory: CustomerDirectory) -> None:
        answer = await directory.close_account(self.facts.ref, key="k1")
        assert (answer.status, answer.detail) == (Status.REFUSED, "open_orders")
        assert await directory.close_account(self.facts.ref, key="k1") == answer

    # --- cases

    async def test_opens_a_case_with_a_promise(self, directory: CustomerDirectory) -> None:
        number = self.facts.out_for_delivery
        answer = await directory.open_case("late_delivery", "Where is it?", number=number, key="k1")
        case = answer.value
        assert case is not None
        assert (case.kind, case.state, case.order_number) == ("late_delivery", "open", number)
        assert case.promised_by > case.opened_on
        assert not case.answer
        assert await directory.case(case.number) == answer
        assert await directory.open_case("late_delivery", "Where is it?", number=number, key="k1") == answer
        other = await directory.open_case("late_delivery", "Where is it?", number=number, key="k2")
        assert other.value is not None
        assert other.value.number != case.number

    async def test_a_case_of_a_customer_or_of_nobody_known(self, directory: CustomerDirectory) -> None:
        mine = await directory.open_case("complaint", "Rude driver.", ref=self.facts.ref, key="k1")
        nobodys = await directory.open_case("other", "Your site is slow.", key="k2")
        assert mine.value is not None
        assert nobodys.value is not None
        assert (mine.value.customer_ref, nobodys.value.customer_ref) == (self.facts.ref, "")

    async def test_no_case_without_its_order(self, directory: CustomerDirectory) -> None:
        answer = await directory.open_case("payment", "Twice!", number=self.facts.unknown, key="k1")
        assert answer.status is Status.NOT_FOUND
        assert (await directory.case("K0")).status is Status.NOT_FOUND

    # --- products

    async def test_finds_products_best_first(self, directory: CustomerDirectory) -> None:
        found = (await directory.find_products(self.facts.product)).value
        assert found
        assert len(found) <= 5
        best = found[0]
        assert best.name == self.facts.product_name
        assert best.price > 0
        assert best.currency
        assert best.facts

    @pytest.mark.parametrize("text", ["", "?!", "zzzyx qwv"])
    async def test_finds_nothing_and_says_so(self, directory: CustomerDirectory, text: str) -> None:
        assert await directory.find_products(text) == Answer(status=Status.OK, value=())

    async def test_unknown_customers(self, directory: CustomerDirectory) -> None:
        address, name = self.facts.address, {"name": "Nobody"}
        for answer in (
            await directory.orders("nobody"),
            await directory.change_address(address, ref="nobody", key="k1"),
            await directory.change_address(address, number=self.facts.unknown, key="k2"),
            await directory.set_preferences("nobody", {"sms": False}, key="k3"),
            await directory.update_account_holder("nobody", name, key="k4"),
            await directory.close_account("nobody", key="k5"),
        ):
            assert answer.status is Status.NOT_FOUND

    @pytest.mark.parametrize(
        ("kind", "detail"),
        [
            ("processing", "not_delivered"),
            ("shipped", "not_delivered"),
            ("late", "too_late"),
            ("returned", "already"),
        ],
    )
    async def test_refuses_a_return(self, directory: CustomerDirectory, kind: str, detail: str) -> None:
        answer = await directory.start_return(getattr(self.facts, kind), "changed mind", key="k1")
        assert (answer.status, answer.detail) == (Status.REFUSED, detail)

    async def test_unknown_orders(self, directory: CustomerDirectory) -> None:
        number = self.facts.unknown
        assert (await directory.cancel_order(number, key="k1")).status is Status.NOT_FOUND
        assert (await directory.start_return(number, "x", key="k2")).status is Status.NOT_FOUND
        assert (await directory.refund_status(number)).status is Status.NOT_FOUND
        assert (await directory.refund_status(self.facts.processing)).status is Status.NOT_FOUND


class TestDemo(CustomerDirectoryContract):
    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        return tmp_path / "shop.db"

    @pytest.fixture
    async def directory(self, path: Path) -> AsyncIterator[DemoDirectory]:  # type: ignore[override]
        demo = DemoDirectory(path, FakeClock(), seed=SEED)
        await demo.start()
        yield demo
        await demo.stop()

    async def test_a_missing_seed_says_what_to_set(self, path: Path) -> None:
        demo = DemoDirectory(path, FakeClock(), seed=path.parent / "nowhere.json")
        with pytest.raises(ConfigError, match="set BATON_PROJECT_DIR"):
            await demo.start()
        await demo.stop()

    async def test_counts_what_really_happened(self, directory: DemoDirectory) -> None:
        for key in ("k1", "k1", "k2"):
            await directory.cancel_order("4522", key=key)
            await directory.start_return("4523", "damaged", key=f"{key}r")
        await directory.cancel_order("4521", key="k3")
        happened = [(c.order_number, c.what, c.key) for c in await directory.changes()]
        assert happened == [("4522", "cancelled", "k1"), ("4523", "return_started", "k1r")]

    async def test_a_key_belongs_to_one_call(self, directory: DemoDirectory) -> None:
        await directory.cancel_order("4522", key="k1")
        with pytest.raises(ValueError, match="another call"):
            await directory.cancel_order("4525", key="k1")
        assert (await directory.order("4525")).value.status == "packed"  # type: ignore[union-attr]

    async def test_everything_survives_a_new_start(self, directory: DemoDirectory, path: Path) -> None:
        first = await directory.cancel_order("4522", key="k1")
        await directory.stop()
        again = DemoDirectory(path, FakeClock(), seed=SEED)
        await again.start()
        assert await again.cancel_order("4522", key="k1") == first
        assert len(await again.changes()) == 1
        await again.stop()

    async def test_dates_move_with_the_days(self, directory: DemoDirectory, path: Path) -> None:
        await directory.stop()
        clock = FakeClock()
        clock.move(40 * 86_400)
        later = DemoDirectory(path, clock, seed=SEED)
        await later.start()
        order = (await later.order("4521")).value
        assert order is not None
        assert order.expected_on == clock.now().date()
        assert (await later.order("4523")).value.returnable  # type: ignore[union-attr]
        await later.stop()

    async def test_slow_and_failing_for_chosen_customers(self, path: Path) -> None:
        clock, delays, failures = FakeClock(), {"C1001": 2.0}, {"C1002": Failure.DOWN}
        demo = DemoDirectory(path, clock, seed=SEED, delays=delays, failures=failures)
        await demo.start()
        slow = asyncio.create_task(demo.order("4521"))
        assert (await demo.order("4501")).ok  # others do not wait
        assert (await demo.order("4524")).status is Status.TRY_LATER
        while not clock.sleepers:
            await asyncio.sleep(0.001)
        assert not slow.done()
        await clock.advance(2.0)
        assert (await slow).ok
        await demo.stop()

    async def test_a_lost_answer_was_done_and_is_known_by_its_key(self, path: Path) -> None:
        failures = {"C1001": Failure.LOST}
        demo = DemoDirectory(path, FakeClock(), seed=SEED, failures=failures)
        await demo.start()
        assert (await demo.cancel_order("4522", key="k1")).status is Status.TRY_LATER
        failures.clear()
        assert (await demo.cancel_order("4522", key="k1")).ok
        assert len(await demo.changes()) == 1
        failures["C1001"] = Failure.BROKEN
        with pytest.raises(OSError, match="break"):
            await demo.order("4521")
        await demo.stop()

    async def test_the_shop_is_as_large_as_we_say(self, directory: DemoDirectory) -> None:
        found = [await directory.profile(f"C{1001 + i}") for i in range(40)]
        orders = [(await directory.order(str(n))).value for n in range(4400, 4700)]
        assert sum(p.ok for p in found) == 30
        assert len([o for o in orders if o]) == 80
        assert {o.status for o in orders if o} == {
            "processing",
            "packed",
            "shipped",
            "out_for_delivery",
            "delivered",
            "cancelled",
            "returned",
        }

    async def test_must_be_started(self, path: Path) -> None:
        demo = DemoDirectory(path, FakeClock(), seed=SEED)
        with pytest.raises(RuntimeError, match="not started"):
            await demo.order("4521")
        await demo.stop()
