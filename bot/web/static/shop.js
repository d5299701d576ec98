// The demo shop's page: who one is, their orders, what to try. All of the chat is in /widget.js.
"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const KEEP = "wick-and-leaf";
  const STRANGER = '<svg viewBox="0 0 24 24"><circle cx="12" cy="9" r="4"/><path d="M4.5 20a7.5 7.5 0 0 1 15 0"/></svg>';
  const STATUS = {
    processing: ["Being prepared", 1], packed: ["Packed", 2], shipped: ["On its way", 3],
    out_for_delivery: ["Arrives today", 3], delivered: ["Delivered", 4], cancelled: ["Cancelled", 0],
    returned: ["Sent back", 0],
  };
  const ASK = {
    processing: ["Cancel it", "Cancel order "], packed: ["Cancel it", "Cancel order "],
    shipped: ["Where is it?", "Where is my order "], out_for_delivery: ["Where is it?", "Where is my order "],
    delivered: ["Return it", "I want to return order "],
  };
  let people = [];
  let known = {};
  try { known = JSON.parse(sessionStorage.getItem(KEEP)) || {}; } catch { /* a private window */ }

  // Calls the widget now, or leaves word for when it is there.
  function chat(name, ...given) {
    const baton = (window.Baton = window.Baton || []);
    if (typeof baton[name] === "function") return baton[name](...given);
    return baton.push([name, ...given]);
  }
  function keep(change) {
    known = { ...known, ...change };
    try { sessionStorage.setItem(KEEP, JSON.stringify(known)); } catch { /* a private window */ }
  }
  function make(tag, properties = {}, ...children) {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  }
  const me = () => people.find((person) => person.ref === (known.who || "")) || people.at(-1);
  const initials = (name) => name.split(/[\s-]+/).map((word) => word[0]).slice(0, 2).join("");
  const title = (text) => text[0].toUpperCase() + text.slice(1);
  const day = (text) => new Date(text + "T12:00").toLocaleDateString("en-GB", { day: "numeric", month: "long" });
  const money = (sum, currency) => new Intl.NumberFormat("en-GB", { style: "currency", currency }).format(sum);

  function paintFace(element, person) {
    if (person.ref) element.textContent = initials(person.name);
    else element.innerHTML = STRANGER;
    element.dataset.tone = person.ref ? people.indexOf(person) % 4 : 3;
  }
  function tier(person) {
    const chip = make("span", { className: "tier", textContent: title(person.tier) });
    chip.dataset.tier = person.tier;
    return chip;
  }

  // --- who one is ---------------------------------------------------------------------------------
  async function token(ref) {
    const answer = await fetch("/demo/identity", {
      method: "POST", headers: { "content-type": "application/json" },
      body: JSON.stringify({ customer: ref }),
    });
    if (!answer.ok) throw new Error("no token: " + answer.status);
    return (await answer.json()).token;
  }
  function become(ref) {
    const before = known.who || "";
    keep({ who: ref });
    if (ref) chat("identify", () => token(ref));
    else if (before) chat("signOut");
    render();
    $("said").textContent = ref ? `You are ${me().name} now.` : "You are signed out.";
  }
  function renderChoices() {
    $("choices").replaceChildren(...people.map((person) => {
      const face = make("span", { className: "face", ariaHidden: "true" });
      paintFace(face, person);
      const name = make("span", { className: "name", textContent: person.name || "A stranger" });
      if (person.ref) name.append(tier(person));
      const count = person.orders.length;
      const orders = person.ref ? `${count} order${count === 1 ? "" : "s"}, ${person.points} points` : "No account";
      const button = make("button", { type: "button", ariaPressed: String(person === me()) }, face, name,
        make("span", { className: "more", textContent: person.about }),
        make("span", { className: "more", textContent: orders }));
      button.addEventListener("click", () => { $("people").close(); become(person.ref); });
      return make("li", {}, button);
    }));
  }

  // --- their orders -------------------------------------------------------------------------------
  function orderRow(order) {
    const [label, reached] = STATUS[order.status] || [order.status, 0];
    const when = order.status === "delivered" && order.delivered ? ` on ${day(order.delivered)}`
      : reached && reached < 4 && order.status !== "out_for_delivery" && order.expected ? `, expected ${day(order.expected)}` : "";
    const row = make("li", { className: "order" },
      make("span", { className: "what", textContent: `${order.number} · ${label}${when}` }),
      make("span", { className: "sum", textContent: money(order.total, order.currency) }),
      make("span", { className: "items", textContent: order.items.join(", ") }));
    const ask = ASK[order.status];
    if (ask) {
      const button = make("button", { type: "button", className: "ask", textContent: ask[0] },
        make("span", { className: "hidden", textContent: ` (order ${order.number})` }));
      button.dataset.say = ask[1] + order.number + (ask[1].startsWith("Where") ? "?" : "");
      row.append(button);
    }
    if (reached) {
      const steps = [1, 2, 3, 4].map((step) => make("i", { className: step <= reached ? "done" : "" }));
      row.append(make("span", { className: "steps", ariaHidden: "true" }, ...steps));
    }
    return row;
  }
  function strangersFacts() {
    const fact = (term, text) => make("div", {}, make("dt", { textContent: term }), make("dd", { textContent: text }));
    return make("dl", { className: "facts" },
      fact("Order 4521", "belongs to Jane Miller. Its postcode is M1 4BT: say so and it opens, that order only."),
      fact("Points, invoices, addresses", "need somebody who is signed in. Be one of the customers to see the difference."));
  }
  function render() {
    const person = me();
    if (!person) return;
    const first = person.name.split(" ")[0];
    $("try-title").replaceChildren(person.ref ? `Hello ${first}` : "Welcome, stranger");
    if (person.ref) $("try-title").append(tier(person));
    $("about").textContent = person.ref && person.points !== null ? `${person.about} ${person.points} points.` : person.about;
    $("who-name").textContent = person.ref ? first : "Sign in";
    $("who").ariaLabel = person.ref ? `${person.name}, ${person.tier}: be somebody else` : "Sign in";
    $("sign-out").hidden = !person.ref;
    paintFace($("who-face"), person);
    paintFace($("face"), person);
    $("orders").replaceChildren(person.ref ? make("ul", {}, ...person.orders.slice(0, 4).map(orderRow)) : strangersFacts());
    $("tries").replaceChildren(...person.tries.map((words) => {
      const button = make("button", { type: "button", textContent: words });
      button.dataset.say = words;
      return make("li", {}, button);
    }));
    renderChoices();
  }
  async function refresh() {
    const answer = await fetch("/demo/customers");
    if (!answer.ok) throw new Error("no customers: " + answer.status);
    people = await answer.json();
    render();
  }

  // --- day and evening, languages -----------------------------------------------------------------
  function applyTheme() {
    if (known.theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = known.theme;
    chat("setTheme", known.theme);
  }
  function choose(element, name, apply) {
    element.value = known[name] || "auto";
    element.addEventListener("change", () => { keep({ [name]: element.value }); apply(); });
    if (known[name]) apply();
  }

  // --- start --------------------------------------------------------------------------------------
  document.addEventListener("click", (event) => {
    const asked = event.target.closest("[data-say], [data-open]");
    if (!asked) return;
    chat("open");
    if (asked.dataset.say) chat("send", asked.dataset.say);
  });
  for (const id of ["who", "change"]) $(id).addEventListener("click", () => $("people").showModal());
  $("close").addEventListener("click", () => $("people").close());
  $("people").addEventListener("click", (event) => { if (event.target === $("people")) $("people").close(); });
  $("sign-out").addEventListener("click", () => { become(""); $("who").focus(); });
  choose($("theme"), "theme", applyTheme);
  choose($("locale"), "locale", () => chat("setLocale", known.locale));
  if (known.who) chat("identify", () => token(known.who));
  const failed = () => { $("about").textContent = "The shop does not answer. Reload the page to try again."; };
  refresh().catch(failed);
  // What is said in the chat changes orders: look again soon after.
  let soon = 0;
  chat("on", "message", () => { clearTimeout(soon); soon = setTimeout(() => refresh().catch(() => {}), 1200); });
  for (const [event, opened] of [["open", true], ["close", false]]) {
    chat("on", event, () => document.body.classList.toggle("chatting", opened));
  }
  addEventListener("load", () => setTimeout(() => { $("chat-missing").hidden = !Array.isArray(window.Baton); }, 3000));
})();
