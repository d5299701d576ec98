// The customer's orders on the packet card, and what an agent may do with them. Each action says beforehand what will
// happen, and afterwards what the company's system answered, also when that is not known.

import { api } from "./api.js";
import { fill, h, icon, toast } from "./dom.js";
import { copyable } from "./facts.js";
import { day, money, sentence } from "./format.js";
import { askAction, ACTIONS } from "./order-actions.js";
import { may } from "./store.js";

const SHOWN = 3; // at once; more with a click
const COLOUR = { delivered: "good", cancelled: "", returned: "", out_for_delivery: "accent", shipped: "accent" };
const PAID = { failed: ["danger", "Payment failed"], pending: ["warn", "Payment pending"], refunded: ["", "Refunded"] };

export class OrdersPart {
  #open = new Set();
  #all = false;
  #key = "";
  #heard = () => this.#changed();
  #version = "";
  #answer = null;
  #alive = true;

  constructor() { this.node = h("section.part.orders", { "aria-label": "Orders" }); }

  show(thread) {
    this.thread = thread;
    thread.addEventListener("detail", this.#heard);
    this.#draw();
    this.load();
  }

  end() { this.#alive = false; this.thread?.removeEventListener("detail", this.#heard); }

  /** Read the orders with what may be done; without that part of the server the packet's orders are shown. */
  async load() {
    try {
      this.#answer = await api.get(`/conversations/${this.thread.id}/orders`);
    } catch (error) {
      this.#answer = error.status === 404 ? null : { orders: null, error };
    }
    if (this.#alive) this.#draw();
  }

  #changed() {
    const { detail } = this.thread;
    const version = `${detail.customer?.directory_ref} ${detail.packet?.trust} ${detail.packet?.orders.map((one) => one.status)}`;
    if (version !== this.#version) { const first = !this.#version; this.#version = version; if (!first) this.load(); }
    this.#draw();
  }

  #draw() {
    const answer = this.#answer;
    const orders = answer?.orders ?? this.thread.detail?.packet?.orders ?? [];
    const key = JSON.stringify([orders, answer?.status, answer?.error?.message, this.#all]);
    if (key === this.#key) return;
    this.#key = key;
    const focus = document.activeElement?.closest?.("[data-order]")?.dataset.order;
    const shown = this.#all ? orders : orders.slice(0, SHOWN);
    fill(this.node, h("h3.part-title", orders.length ? `Orders · ${orders.length}` : "Orders"),
      shown.length > 0 && h("ul.order-list", shown.map((one) => this.#order(one))),
      orders.length > SHOWN && h("button.text-button", { type: "button", onclick: () => { this.#all = !this.#all; this.#draw(); } }, this.#all ? "Fewer" : `All ${orders.length} orders`),
      !orders.length && this.#none(answer));
    if (focus) this.node.querySelector(`[data-order="${CSS.escape(focus)}"] summary`)?.focus();
  }

  #none(answer) {
    if (!answer && !this.thread.detail) return h("p.quiet", "Loading…");
    const late = answer?.error || (answer?.status && answer.status !== "ok" && answer.status !== "not_found");
    if (late) return h("p.notice", icon("warn"), "The company's system does not answer. ", h("button.text-button", { type: "button", onclick: () => this.load() }, "Try again"));
    return h("p.quiet", this.thread.detail?.customer?.directory_ref ? "No orders." : "No orders can be shown: nobody has proved whose they are.");
  }

  #order(one) {
    const [paidLevel, paid] = PAID[one.payment_state] ?? [];
    const first = one.items?.[0];
    return h("li", { dataset: { order: one.number } }, h("details.order", { open: this.#open.has(one.number), ontoggle: (event) => this.#open[event.target.open ? "add" : "delete"](one.number) },
      h("summary", h("span.order-number", one.number), h(`span.tag${COLOUR[one.status] ? "." + COLOUR[one.status] : ""}`, sentence(one.status)), paid && h(`span.tag${paidLevel ? "." + paidLevel : ""}`, paid),
        h("span.order-total", money(one.total, one.currency)),
        first && h("span.order-items.quiet", { dir: "auto" }, first.name, one.items.length > 1 && ` + ${one.items.length - 1} more`)),
      h("div.order-body", details(one), this.#actions(one))));
  }

  #actions(order) {
    const allowed = may("answer") ? (order.may ?? []).filter((name) => ACTIONS[name]) : [];
    return allowed.length > 0 && h("div.order-actions", allowed.map((name) => h("button.button.small", { type: "button", onclick: () => this.#act(name, order) }, ACTIONS[name].label)));
  }

  async #act(name, order) {
    const answer = await askAction(this.thread, name, order, this.#answer);
    if (!answer) return;
    if (answer.status === "ok") toast(answer.message || "Done.", { ms: 6000 });
    await Promise.all([this.load(), this.thread.loadDetail(), this.thread.catchUp()]);
  }
}

function details(one) {
  const rows = [
    ["Number", copyable(one.number)],
    ["Placed", day(`${one.placed_on}T12:00`)],
    one.delivered_on ? ["Delivered", day(`${one.delivered_on}T12:00`)] : one.expected_on && one.status !== "cancelled" && ["Expected", day(`${one.expected_on}T12:00`)],
    one.tracking_code && ["Parcel", h("span", one.carrier && `${one.carrier} `, tracking(one))],
    one.address && ["To", h("span", { dir: "auto" }, one.address)],
    one.payment_method && ["Paid with", one.payment_method],
    Number(one.cancellation_fee) > 0 && ["Cancelling costs", money(one.cancellation_fee, one.currency)],
    one.warranty_until && ["Warranty", `until ${one.warranty_until}`],
  ].filter(Boolean);
  return [
    h("ul.items", (one.items ?? []).map((item) => h("li", h("span", { dir: "auto" }, item.quantity > 1 && `${item.quantity} × `, item.name), h("span.quiet", money(item.price, one.currency))))),
    h("dl.pairs", rows.map(([label, value]) => [h("dt", label), h("dd", value)])),
  ];
}

const tracking = (one) => /^https:\/\//.test(one.tracking_url)
  ? h("a", { href: one.tracking_url, target: "_blank", rel: "noopener noreferrer nofollow" }, one.tracking_code)
  : copyable(one.tracking_code);
