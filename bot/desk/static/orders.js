// The customer's orders on the packet card, and what an agent may do with them. Each action says beforehand what will
// happen, and afterwards what the company's system answered, also when that is not known.

import { fill, h, icon, toast } from "./dom.js";
import { copyable } from "./facts.js";
import { clock, day, money, sentence } from "./format.js";
import { askAction, askLookUp, ACTIONS } from "./order-actions.js";
import { state } from "./store.js";

const withYear = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long", year: "numeric" });
const date = (text) => withYear.format(new Date(`${text}T12:00`));
const SHOWN = 3; // at once; more with a click
const COLOUR = { delivered: "good", cancelled: "", returned: "", out_for_delivery: "accent", shipped: "accent" };
const PAID = { failed: ["danger", "Payment failed"], pending: ["warn", "Payment pending"], refunded: ["", "Refunded"] };
const ACCESS = { proved: "Proved here", looked_up: "Looked up" };

export class OrdersPart {
  #open = new Set();
  #all = false;
  #key = "";
  #heard = () => this.#changed();
  #drawn = () => this.#draw();
  #version = "";

  constructor() { this.node = h("section.part.orders", { "aria-label": "Orders" }); }

  show(thread) {
    this.thread = thread;
    thread.addEventListener("detail", this.#heard);
    thread.addEventListener("orders", this.#drawn);
    this.#draw();
    if (!thread.orders) thread.loadOrders();
  }

  end() {
    this.thread?.removeEventListener("detail", this.#heard);
    this.thread?.removeEventListener("orders", this.#drawn);
  }

  get #answer() { return this.thread.orders; }

  /** Read them anew when something was done, somebody is known now, or it is another's conversation. */
  #changed() {
    const { detail } = this.thread;
    const version = JSON.stringify([detail.owner_version, detail.customer?.directory_ref, detail.packet?.trust, detail.packet?.orders.map((one) => one.status)]);
    const first = !this.#version;
    if (version !== this.#version && !first) this.thread.loadOrders();
    this.#version = version;
    this.#draw();
  }

  #draw() {
    const answer = this.#answer;
    const orders = answer?.orders ?? this.thread.detail?.packet?.orders ?? [];
    const key = JSON.stringify([orders, answer, this.#all, Boolean(this.thread.detail)]);
    if (key === this.#key) return;
    this.#key = key;
    const focus = document.activeElement?.closest?.("[data-order]")?.dataset.order;
    fill(this.node, h("h2.part-title", orders.length ? `Orders · ${orders.length}` : "Orders"),
      answer?.unknown?.map((one) => unknown(one)),
      orders.length > 0 && h("ul.order-list", (this.#all ? orders : orders.slice(0, SHOWN)).map((one) => this.#order(one))),
      orders.length > SHOWN && h("button.text-button.all", { type: "button", onclick: () => { this.#all = !this.#all; this.#draw(); } }, this.#all ? "Fewer" : `All ${orders.length} orders`),
      this.#rest(answer, orders.length));
    if (focus) this.node.querySelector(`[data-order="${CSS.escape(focus)}"] summary`)?.focus();
  }

  /** Return what stands below the list: why it is short, and how another order is opened. */
  #rest(answer, count) {
    if (!answer && !this.thread.detail) return h("p.quiet", "Loading…");
    return [
      answer?.status === "try_later" && h("p.notice", icon("warn"), h("span", count ? "The company's system does not answer: some may be missing." : "The company's system does not answer."), h("button.text-button", { type: "button", onclick: () => this.thread.loadOrders() }, "Try again")),
      !count && answer?.status === "stranger" && h("p.quiet", "Nobody has proved whose orders these would be."),
      !count && (answer?.status === "ok" || answer?.status === "not_found") && h("p.quiet", "No orders."),
      answer?.acting && h("button.text-button.all", { type: "button", onclick: () => this.#lookUp() }, "Open another order by its number"),
    ];
  }

  #order(one) {
    const [paidLevel, paid] = PAID[one.payment_state] ?? [];
    const [first] = one.items ?? [];
    const toggle = (event) => this.#open[event.target.open ? "add" : "delete"](one.number);
    return h("li", { dataset: { order: one.number } }, h("details.order", { open: this.#open.has(one.number), ontoggle: toggle },
      h("summary", h("span.order-number", one.number), h(`span.tag${COLOUR[one.status] ? "." + COLOUR[one.status] : ""}`, sentence(one.status)), h("span.order-total", money(one.total, one.currency)),
        h("span.order-more", paid && h(`span.tag${paidLevel ? "." + paidLevel : ""}`, paid), ACCESS[one.access] && h("span.tag", ACCESS[one.access]),
          first && h("span.order-items.quiet", { dir: "auto" }, first.name, one.items.length > 1 && ` + ${one.items.length - 1} more`))),
      h("div.order-body", details(one), this.#actions(one))));
  }

  #actions(order) {
    const allowed = this.#answer?.acting ? (order.may ?? []).filter((name) => ACTIONS[name]) : [];
    if (allowed.length) return h("div.order-actions", allowed.map((name) => h("button.button.small", { type: "button", onclick: () => this.#act(name, order) }, ACTIONS[name].label)));
    const mine = this.thread.detail?.assignee === state.me?.id;
    return order.may?.length > 0 && !mine && h("p.quiet", "Claim the conversation to change this order.");
  }

  async #act(name, order) {
    const answer = await askAction(this.thread, name, order, this.#answer.goodwill);
    if (!answer) return;
    if (answer.status === "ok") toast(answer.message, { ms: 8000 });
    await Promise.all([this.thread.loadOrders(), this.thread.loadDetail(), this.thread.catchUp()]);
  }

  async #lookUp() {
    const order = await askLookUp(this.thread);
    if (!order) return;
    this.#open.add(order.number);
    this.#all = true;
    await this.thread.loadOrders();
    this.node.querySelector(`[data-order="${CSS.escape(order.number)}"] summary`)?.focus();
  }
}

const unknown = (one) => h("p.notice.danger", icon("warn"), h("span", `${ACTIONS[one.action]?.label ?? sentence(one.action)} ${one.number}, begun by ${one.by || "the assistant"} at ${clock(one.at)}: nobody can say whether it was done. Ask for the same again to find out; it is never done twice.`));

function details(one) {
  const rows = [
    ["Number", copyable(one.number)],
    ["Placed", date(one.placed_on)],
    one.delivered_on ? ["Delivered", date(one.delivered_on)] : one.expected_on && one.status !== "cancelled" && ["Expected", day(`${one.expected_on}T12:00`)],
    one.tracking_code && ["Parcel", h("span", one.carrier && `${one.carrier} `, tracking(one))],
    one.address && ["To", h("span", { dir: "auto" }, one.address)],
    one.payment_method && ["Paid with", one.payment_method],
    Number(one.cancellation_fee) > 0 && ["Cancelling costs", money(one.cancellation_fee, one.currency)],
    one.warranty_until && ["Warranty", `until ${date(one.warranty_until)}`],
  ].filter(Boolean);
  return [
    h("ul.items", (one.items ?? []).map((item) => h("li", h("span", { dir: "auto" }, item.quantity > 1 && `${item.quantity} × `, item.name), h("span.quiet", money(item.price, one.currency))))),
    h("dl.pairs", rows.map(([label, value]) => [h("dt", label), h("dd", value)])),
  ];
}

const tracking = (one) => /^https:\/\//.test(one.tracking_url)
  ? h("a", { href: one.tracking_url, target: "_blank", rel: "noopener noreferrer nofollow" }, one.tracking_code)
  : copyable(one.tracking_code);
