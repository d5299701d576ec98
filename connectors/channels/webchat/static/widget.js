// Baton web chat, Apache-2.0. The server numbers the messages and decides who the customer is;
// this file shows what it is told, and keeps what was written until the server has it.
(() => {
  "use strict";
  const script = document.currentScript || document.querySelector('script[src*="/widget.js"]');
  const settings = { ...script.dataset, ...window.batonSettings };
  const address = (path) => new URL(path, script.src).href;
  const on = (value) => value != null && String(value) !== "false";
  if (document.querySelector("baton-chat")) return;

  // Words: English, Spanish, German
  const TEXTS = {
    close: "Close chat|Cerrar el chat|Chat schließen",
    unread: "{} unread|{} sin leer|{} ungelesen",
    title: "Chat with us|Hable con nosotros|Schreiben Sie uns",
    greeting: "Hello! How can we help?|¡Hola! ¿Cómo podemos ayudarle?|Hallo! Wie können wir helfen?",
    empty: "An assistant answers at once, a person when you need one.|Un asistente responde al momento, y una persona si hace falta.|Ein Assistent antwortet sofort, bei Bedarf auch ein Mensch.",
    bot: "Assistant|Asistente|Assistent",
    agent: "Agent|Agente|Mitarbeiter",
    you: "You|Usted|Sie",
    talking: "You are talking to {}|Está hablando con {}|Sie sprechen mit {}",
    place: "You are number {} in line.|Es el número {} en la cola.|Sie sind Nummer {} in der Reihe.",
    queue: "A person will join you here.|Una persona se unirá aquí.|Gleich ist jemand für Sie da.",
    away: "Our team is away now.|El equipo no está ahora.|Unser Team ist gerade nicht da.",
    leave: "Leave a message, we will answer here.|Deje un mensaje, responderemos aquí.|Hinterlassen Sie eine Nachricht, wir antworten hier.",
    connecting: "Connecting…|Conectando…|Verbinden…",
    offline: "No connection. What you write is kept and sent later.|Sin conexión. Lo que escriba se guarda y se envía después.|Keine Verbindung. Was Sie schreiben, wird später gesendet.",
    refused: "Please sign in again to go on.|Inicie sesión de nuevo para seguir.|Bitte melden Sie sich neu an.",
    retry: "Try again|Reintentar|Nochmals",
    write: "Write a message|Escriba un mensaje|Nachricht schreiben",
    send: "Send|Enviar|Senden",
    attach: "Attach a file|Adjuntar un archivo|Datei anhängen",
    remove: "Remove|Quitar|Entfernen",
    sending: "Sending…|Enviando…|Wird gesendet…",
    sent: "Sent|Enviado|Gesendet",
    seen: "Seen|Visto|Gelesen",
    failed: "Not sent|No enviado|Nicht gesendet",
    typing: "{} is typing|{} está escribiendo|{} schreibt",
    choices: "Suggestions|Sugerencias|Vorschläge",
    menu: "Menu|Menú|Menü",
    new: "New conversation|Nueva conversación|Neue Unterhaltung",
    transcript: "Download transcript|Descargar la conversación|Verlauf herunterladen",
    erase: "Delete my data|Borrar mis datos|Meine Daten löschen",
    sure: "This cannot be undone.|No se puede deshacer.|Das ist endgültig.",
    later: "Not now|Ahora no|Jetzt nicht",
    rate: "How was your conversation?|¿Qué tal la conversación?|Wie war Ihr Gespräch?",
    comment: "Comment (optional)|Comentario (opcional)|Kommentar (freiwillig)",
    thanks: "Thank you!|¡Gracias!|Danke!",
  };
  const LANGUAGES = ["en", "es", "de"];
  let locale, known, region;
  const setLocale = (wanted = "auto") => {
    const browser = navigator.language;
    locale = /^[a-z]{2}/i.exec(wanted !== "auto" ? wanted : document.documentElement.lang || browser)?.[0] || "en";
    known = Math.max(0, LANGUAGES.indexOf(locale));
    region = browser.startsWith(LANGUAGES[known]) ? browser : LANGUAGES[known];
  };
  setLocale(settings.locale);
  const t = (key, value) => (settings.texts?.[key] || TEXTS[key].split("|")[known]).replace("{}", value);
  const clock = (at) => new Date(at).toLocaleTimeString(region, { timeStyle: "short" });
  const day = (at) => new Date(at).toLocaleDateString(region, { weekday: "long", day: "numeric", month: "long" });
  const size = (bytes) => (bytes < 1e6 ? Math.ceil(bytes / 1e3) + " kB" : (bytes / 1e6).toLocaleString(region, { maximumFractionDigits: 1 }) + " MB");

  const el = (name, ...parts) => {
    const [tag, ...classes] = name.split(".");
    const node = document.createElement(tag || "div");
    node.classList.add(...classes);
    for (const part of parts.flat()) {
      if (part?.nodeType || typeof part === "string") node.append(part);
      else for (const key in part) key in node ? (node[key] = part[key]) : node.setAttribute(key, part[key]);
    }
    return node;
  };
  const ICONS = {
    mark: "M4.5 20.5l.8-4a9 7.5 0 1 1 3.5 2zM9 13.5l6-5",
    down: "M6 9.5l6 6 6-6",
    close: "M7 7l10 10M17 7L7 17",
    more: "M5 12h0M12 12h0M19 12h0",
    send: "M12 19V6M6 11l6-6 6 6",
    plus: "M12 5v14M5 12h14",
    file: "M12 5v10M8 11l4 4 4-4M6 19h12",
    star: "M12 4l2.5 5 5.5.8-4 4 1 5.5-5-2.6-5 2.6 1-5.5-4-4 5.5-.8z",
  };
  const icon = (shape) => {
    const [svg, path] = ["svg", "path"].map((name) => document.createElementNS("http://www.w3.org/2000/svg", name));
    svg.setAttribute("viewBox", "0 0 24 24");
    path.setAttribute("d", ICONS[shape]);
    svg.append(path);
    return svg;
  };
  const button = (name, label, onclick, shape) =>
    el("button." + name, { type: "button", onclick }, shape ? [{ ariaLabel: label, title: label }, icon(shape)] : label);
  const safe = (url) => {
    try {
      const { protocol, href } = new URL(url, script.src);
      return /^(https?|mailto):$/.test(protocol) && href;
    } catch {}
  };

  // What is kept in this browser, or in this page if there is no storage
  const PREFIX = `baton ${address(".")} `;
  let store = {}, tab = {};
  try {
    store = localStorage;
    tab = sessionStorage;
  } catch {}
  const keep = (key, value) => {
    if (value) store[PREFIX + key] = value;
    else delete store[PREFIX + key];
  };
  const kept = (key) => store[PREFIX + key];
  // One key for each unsent message: two tabs never overwrite each other's. Nobody else sees a customer's.
  const outbox = () => Object.keys(store)
    .filter((key) => key.startsWith(PREFIX + "out"))
    .map((key) => JSON.parse(store[key]))
    .filter(({ signed }) => !signed || token)
    .sort((a, b) => a.at - b.at);
  const post = (item) => keep("out" + item.id, JSON.stringify(item));
  const unpost = ({ id }) => keep("out" + id);

  const listeners = {};
  const emit = (event, detail) => listeners[event]?.forEach((listener) => setTimeout(listener, 0, detail));
  const messages = new Map(); // by sequence
  const files = new Map(); // chosen for the next message: element to file, null if it failed
  let state, limits = { text: 4000, files: 5 };
  let last, more, rated, typist, typingTimer, live;
  let received; // the server has said who we are and what there is
  let opened = false, asked = false, unread = 0;
  let phase = "connecting"; // online, offline, refused
  const forget = () => {
    messages.clear();
    last = 0;
    more = rated = received = typist = live = null;
    state = { owner: "bot", open: true, online: true, seen: 0, read: 0 };
  };
  const forgetAll = () => {
    outbox().forEach(unpost);
    forget();
    clear();
  };
  forget();

  // Who is signed in: asked anew for each connection
  let identity = settings.identity, token;
  const identify = async () => {
    let found = identity;
    if (typeof identity === "function") found = await identity();
    else if (!identity && settings.identityUrl) {
      const answer = await fetch(settings.identityUrl, { credentials: "same-origin", cache: "no-store" });
      if (!answer.ok && answer.status !== 401) throw answer.status;
      found = answer.ok ? await answer.text() : "";
      if (found[0] === "{") found = JSON.parse(found).token;
    }
    token = found?.trim();
  };
  // A stranger's session has a key of its own: a tab that is not signed in never takes the customer's.
  const sessionKey = () => (token ? "customer" : "visitor");
  const session = () => kept(sessionKey()) || kept("visitor");
  const signOut = () => {
    forgetAll();
    keep(sessionKey());
    keep("customer");
    identity = token = null;
    rejoin();
  };
  const renew = async (asked) => {
    const before = token;
    try {
      await identify();
    } catch {
      return setTimeout(renew, 5e3, asked);
    }
    if (!token) {
      token = before;
      if (before || asked) signOut();
    } else if (token === before) {
      drop();
      setPhase("refused");
    } else if (link?.ready) send({ type: "identify", identity: token });
    else rejoin();
  };
  const signIn = (who) => {
    identity = who;
    if (!token && !link) return wanted() && connect();
    renew();
  };

  // Connection
  let link, retry, tries = 0, unopened = 0, polls = 0, heard;
  const send = (frame) => link?.send?.(frame);
  const drop = () => {
    link?.close?.();
    link = null;
  };
  const wanted = () => opened || session() || kept("customer") || outbox().length;
  const rejoin = () => {
    drop();
    setPhase("connecting");
    if (wanted()) connect();
  };
  const hello = () => ({ v: 1, session: session(), identity: token || undefined, after: last, language: locale, page: location.href.split(/[?#]/)[0].slice(0, 500) });
  const call = (path, body) => fetch(address(path), { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

  async function connect() {
    if (link) return;
    clearTimeout(retry);
    const current = (link = { sent: new Set() });
    try {
      await identify();
    } catch {
      return lost(current); // not knowing whether somebody is signed in, we do not come as a stranger
    }
    if (link === current) polls-- > 0 ? poll(current) : talk(current);
  }
  function talk(current) {
    const socket = new WebSocket(address("chat").replace(/^http/, "ws"));
    setTimeout(() => current.ready || lost(current), 6e3);
    current.send = (frame) => socket.readyState === 1 && socket.send(JSON.stringify(frame));
    current.close = () => socket.close();
    socket.onopen = () => current.send({ type: "hello", ...hello() });
    socket.onmessage = ({ data }) => receive(current, JSON.parse(data));
    socket.onclose = ({ code }) => lost(current, code);
  }
  // Where sockets are blocked, each request says hello, hands over frames and waits for news.
  async function poll(current) {
    const exchange = async (frames, wait) => {
      try {
        if (wait) await identify();
        const answer = await call("chat/frames", { hello: hello(), frames, wait, state });
        for (const frame of (await answer.json()).frames) receive(current, frame);
      } catch {
        lost(current);
      }
    };
    current.polling = true;
    current.send = (frame) => frame.type !== "ping" && exchange([frame], 0);
    await exchange([], 0);
    while (link === current && polls-- > 0) {
      await exchange([], 25);
      await new Promise((go) => setTimeout(go, 300));
    }
    if (link !== current) return;
    link = null;
    connect();
  }
  function lost(current, code) {
    if (link !== current) return;
    drop();
    if (code === 4401) return renew(code);
    if (current.polling) unopened = polls = 0;
    else if (current.close && !current.ready && ++unopened > 1 && navigator.onLine) {
      polls = unopened > 2 ? 12 : 4;
      return connect();
    }
    const wait = Math.min(reading() ? 8 : 30, 1.6 ** tries++) * (0.75 + Math.random() / 2) + (code === 4429 ? 10 : 0);
    retry = setTimeout(connect, wait * 1000);
    if (phase !== "offline") setPhase(tries > 1 || !navigator.onLine ? "offline" : "connecting");
  }
  const check = () => {
    if (!link?.ready || link.polling) return;
    const current = link, since = Date.now();
    send({ type: "ping" });
    setTimeout(() => heard < since && lost(current), 8000);
  };
  const hurry = () => {
    if (link) check();
    else if (wanted() && /ing|off/.test(phase)) connect();
  };
  setInterval(() => {
    if (link?.ready) tries = 0;
    check();
    flush();
  }, 25e3);
  addEventListener("online", hurry);
  addEventListener("offline", check);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    hurry();
    draw();
  });
  addEventListener("storage", ({ key, newValue }) => {
    if (key === PREFIX + sessionKey()) {
      if (!newValue && token) { // signed out in another tab
        clear();
        if (typeof identity === "string") identity = null;
      }
      forget();
      rejoin();
    }
    if (newValue) draw();
  });

  // What the server says
  const receive = (current, frame) => {
    if (link !== current) return;
    heard = Date.now();
    handlers[frame.type]?.(frame);
    draw();
  };
  const add = (list) => {
    let news;
    for (const message of list) {
      if (message.author !== "customer" && message.seq > last) {
        emit("message", message);
        typist = null;
        news = received;
      }
      messages.set(message.seq, message);
      unpost(message);
    }
    if (news && !reading() && on(settings.sound)) beep();
  };
  const handlers = {
    ready(frame) {
      const { fresh, reset, customer } = frame;
      if (/signed_out|other|erased/.test(fresh)) forgetAll();
      if (fresh || reset) forget();
      if (!received) more = frame.more;
      keep(sessionKey(), frame.session);
      if (token) keep("visitor");
      limits = frame.limits;
      picker.accept = limits.types.join();
      state = frame.state;
      add(frame.messages);
      last = frame.last;
      phase = "online";
      received = true;
      if (!link.polling) unopened = 0;
      if (!link.ready) emit("ready", { customer });
      link.ready = true;
      flush();
    },
    messages(frame) {
      add(frame.messages);
      last = Math.max(last, frame.last);
    },
    ack({ id, seq, answering }) { // the message itself follows, as the server keeps it
      if (seq <= last) unpost({ id });
      say(t("sent"));
      if (answering) showTyping("", 2e4);
    },
    refused({ id, code, message, retry_after: after }) {
      const item = outbox().find((one) => one.id === id);
      link.sent.delete(id);
      if (code === "identity_refused") {
        forget();
        drop();
        phase = "refused";
      } else if (!item) say(message);
      else if (after || /unavailable|expired/.test(code)) setTimeout(flush, 1e3 * (after || 5));
      else post({ ...item, failed: message });
    },
    state(frame) {
      state = frame;
      rated &&= frame.rate;
      emit("state", frame);
    },
    typing: ({ name }) => showTyping(name, 5e3),
    history(frame) {
      asked = false;
      more = frame.more;
      const below = log.scrollHeight - log.scrollTop;
      live = false; // what is old is not read out, and what is shown stays where it is
      frame.messages.forEach((message) => messages.set(message.seq, message));
      paint();
      log.scrollTop = log.scrollHeight - below;
    },
    close: ({ code }) => lost(link, code),
    identity_needed: renew,
  };
  const showTyping = (agent, time) => {
    typist = { agent };
    clearTimeout(typingTimer);
    typingTimer = setTimeout(() => {
      typist = null;
      draw();
    }, time);
    if (agent) say(t("typing", agent));
  };

  // What the customer says
  const write = (content) => {
    tries = 0;
    post({ id: crypto.getRandomValues(new Uint32Array(4)).join("-"), at: Date.now(), signed: !!token, author: "customer", ...content });
    stuck = true;
    flush();
    hurry();
    draw();
  };
  const flush = () => {
    if (!link?.ready) return;
    for (const { id, text, choice, files: sent, failed } of outbox()) {
      if (failed || link.sent.has(id)) continue;
      link.sent.add(id);
      send({ type: "message", id, ...(choice ? { choice } : { text, files: sent?.map((file) => file.id) }) });
    }
  };
  let typed = 0;
  const typing = () => {
    fit();
    if (Date.now() - typed < 3e3 || !link?.ready || !input.value) return;
    typed = Date.now();
    send({ type: "typing" });
  };
  const submit = () => {
    const text = input.value.trim() || undefined, all = [...files.values()], sent = all.filter(Boolean);
    if (!(text || sent[0]) || all.includes()) return; // one is on its way
    clear();
    write({ text, files: sent });
    input.focus();
  };
  const clear = () => {
    input.value = "";
    files.clear();
    chips.replaceChildren();
    fit();
  };
  const addFiles = (list) => [...list].slice(0, limits.files - files.size).forEach((file) => {
    const request = new XMLHttpRequest(), note = el("small"); // fetch tells no progress
    const chip = el(".chip", el("span", el("span.fname", file.name), note), button("round", `${t("remove")} ${file.name}`, () => {
      request.abort();
      files.delete(chip);
      chip.remove();
      fit();
      input.focus();
    }, "close"));
    const tell = (text, sent, done = 0) => {
      if (!chip.parentNode) return;
      files.set(chip, sent);
      note.textContent = text;
      if (sent === null) note.role = "alert";
      chip.style.setProperty("--done", done + "%");
      fit();
    };
    chips.append(chip);
    if (file.size > limits.file_bytes) return tell("> " + size(limits.file_bytes), null);
    tell("…");
    request.upload.onprogress = ({ loaded, total }) => tell("…", undefined, (100 * loaded) / total);
    request.onloadend = () => {
      const sent = request.response;
      if (sent?.id) tell(size(sent.size), sent);
      else tell(sent?.error?.message || t("failed"), null);
    };
    request.responseType = "json";
    request.open("POST", address("chat/files?name=" + encodeURIComponent(file.name)));
    request.setRequestHeader("x-baton-session", session());
    if (token) request.setRequestHeader("x-baton-identity", token);
    request.send(file);
  });
  const download = async () => {
    const answer = await call("chat/transcript", { session: session(), identity: token });
    if (!answer.ok) return say(t("failed"));
    const href = URL.createObjectURL(await answer.blob());
    el("a", { href, download: "chat.txt" }).click();
    URL.revokeObjectURL(href);
  };
  const beep = () => {
    const audio = new AudioContext(), tone = audio.createOscillator();
    tone.connect(audio.destination);
    tone.start();
    tone.stop(0.1);
  };

  const CSS = `
:host{all:initial}
*,:after{box-sizing:border-box}
.box{--bg:#fff;--soft:#f6f7f5;--ink:#17211e;--dim:#5a6662;--line:#e1e6e3;--warn:#fff3d9;--bad:#b3261e;--tint:color-mix(in srgb,var(--accent) 9%,var(--bg));
font:15px/1.45 var(--baton-font,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif);color:var(--ink);color-scheme:light}
.dark{--bg:#1d2422;--soft:#121615;--ink:#e9eeec;--dim:#a0aca8;--line:#36403d;--warn:#3a2f14;--bad:#ff9d94;color-scheme:dark}
button,textarea,summary{font:inherit;color:inherit;margin:0;padding:0;border:1px solid #0000;background:none}
button,summary{cursor:pointer;list-style:none}
button:disabled{opacity:.45}
:focus-visible{outline:2px solid var(--link);outline-offset:2px}
svg{display:block;width:24px;fill:none;stroke:currentColor;stroke-width:1.9;stroke-linecap:round;stroke-linejoin:round;flex:none}
a{color:var(--link)}
h2,p{margin:0;font-size:16px}
.sr,.own .name,.row:not(.first) .name{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.launcher,.round,.face,.place{display:grid;place-items:center;border-radius:50%;flex:none}
.launcher,.face,.place,.solid.solid,.go.go{background:var(--accent);color:var(--on)}
.launcher,.panel,.sheet{position:fixed;inset:auto 20px 20px auto;z-index:var(--baton-z,2147483000)}
.left>*{inset:auto auto 20px 20px}
.panel,.list,.sheet,.text,.file,.rate,.chip{border:1px solid var(--line);border-radius:18px;background:var(--bg);color:inherit}
.launcher,.panel,.list{box-shadow:0 8px 32px #0003}
.panel,.list,.note,.new,.pills,.sheet{animation:rise .2s}
.day,.system,.empty,.rate,.sheet{text-align:center;text-wrap:balance}
.launcher{width:60px;height:60px}
.launcher:hover{transform:scale(1.04)}
.launcher svg{width:30px}
.badge{position:absolute;top:-4px;inset-inline-end:-4px;min-width:24px;border-radius:12px;background:#c9252d;color:#fff;border:2px solid var(--bg);font:700 12px/20px sans-serif}
.panel{width:396px;height:min(704px,100dvh - 116px);padding:0;border-radius:var(--baton-radius,20px);overflow:hidden}
.box .panel,.box .sheet{bottom:96px}
.panel[open]{display:flex;flex-direction:column}
.head{display:flex;align-items:center;gap:12px;padding:12px 8px 12px 16px;border-bottom:1px solid var(--line);border-top:3px solid var(--accent)}
.who{flex:1;min-width:0}
.who *,.fname{display:block;overflow:hidden;text-overflow:ellipsis;white-space:nowrap;text-align:start}
.who *,.fname,.note span,.day,.system,.text,.meta,.bar textarea{unicode-bidi:plaintext}
.sub,.day,.system{font-size:13px;color:var(--dim)}
.face{width:28px;height:28px;font-size:11px;font-weight:700;position:relative}
.face svg{width:62%}
.face.agent{background:var(--tint);color:var(--link)}
.head .face{width:42px;height:42px;font-size:15px}
.head .agent:after{content:"";position:absolute;bottom:0;inset-inline-end:0;border-radius:50%;border:6px solid #1f9d61;outline:2px solid var(--bg)}
.round{width:44px;height:44px;color:var(--dim)}
summary svg{stroke-width:3}
.list{position:absolute;top:66px;inset-inline-end:12px;z-index:2;padding:6px}
.item{display:block;width:100%;padding:11px 16px;border-radius:12px;text-align:start}
.item:hover,.pill:hover,.round:hover{background:var(--tint)}
.danger,[role=alert]{color:var(--bad)}
.note{display:flex;align-items:center;gap:12px;padding:10px 16px;font-size:14px;background:var(--tint);border-bottom:1px solid var(--line)}
.warn{background:var(--warn)}
.note span{flex:1}
.place{width:34px;height:34px}
.link{min-height:44px;margin:-12px 0;padding:0 6px;color:var(--link);text-decoration:underline}
.log{flex:1;overflow-y:auto;overscroll-behavior:contain;overflow-anchor:none;padding:16px;background:var(--soft);display:flex;flex-direction:column;gap:3px;outline-offset:-3px}
.log>:first-child{margin-top:auto}
.day,.system{align-self:center;margin:10px 20px 4px;white-space:pre-wrap}
.row{display:flex;align-items:flex-end;gap:8px;max-width:90%}
.first{margin-top:10px}
.own{align-self:flex-end}
.row>.face{visibility:hidden}
.final>.face{visibility:visible;margin-bottom:21px}
.body{display:flex;flex-direction:column;align-items:flex-start;gap:3px;min-width:0}
.own .body{align-items:flex-end}
.name{margin:0 14px}
.name,.meta,small{font-size:12px;color:var(--dim)}
.text{padding:9px 14px;white-space:pre-wrap;overflow-wrap:anywhere}
.final .text{border-end-start-radius:5px}
.own .text{background:var(--accent);color:var(--on);border-radius:18px}
.own.final .text{border-end-end-radius:5px}
.own a{color:inherit}
.bad .text{background:var(--bg);color:inherit;border-color:var(--bad)}
img{display:block;max-width:100%;max-height:260px;min-height:40px;border-radius:18px}
.file,.chip{display:flex;align-items:center;gap:10px;padding:8px 14px;max-width:100%;text-decoration:none}
.file span{min-width:0}
.fname{max-width:200px;color:var(--ink);font-size:14px}
.meta:not(:empty){margin:1px 6px 2px;text-align:end}
.pills,.chips,.acts{display:flex;flex-wrap:wrap;gap:8px;margin:6px 0 6px 36px}
.pill{min-height:44px;padding:6px 16px;border-radius:22px;border-color:color-mix(in srgb,var(--link) 50%,var(--bg));background:var(--bg);color:var(--link);overflow-wrap:anywhere}
.solid.danger{background:#b3261e;color:#fff}
.dots{display:flex;gap:5px;padding:15px}
i{border:3.5px solid var(--dim);border-radius:50%;animation:dot 1.2s infinite}
i+i{animation-delay:.15s}
i+i+i{animation-delay:.3s}
.empty.empty{margin:auto}
.empty .face{width:68px;height:68px;margin:0 auto 18px}
.empty b{font-size:22px;line-height:1.25}
.empty p{color:var(--dim);margin:8px 0 20px}
.empty .pills,.acts,.stars{justify-content:center;margin:0}
.ghost{height:44px;width:64%;border-radius:18px;background:var(--line);animation:rise 1s infinite alternate;margin-top:8px}
.rate{margin-top:14px;padding:16px}
.stars{display:flex}
.star{padding:8px;color:var(--dim)}
.star svg{width:30px}
.star[aria-pressed=true] svg,.star:has(~[aria-pressed=true]) svg{fill:#e0a526;stroke:#a87308}
.rate textarea{width:100%;height:66px;padding:10px;margin:8px 0;border-color:var(--dim);border-radius:12px}
[hidden][hidden]{display:none}
form{padding:10px 12px;border-top:1px solid var(--line)}
.bar{display:flex;align-items:flex-end;border:1px solid var(--dim);border-radius:24px}
.bar:focus-within{outline:2px solid var(--link)}
.bar textarea{flex:1;min-width:0;resize:none;outline:0;padding:11px 2px;line-height:20px}
textarea{font-size:16px}
::placeholder{color:var(--dim);opacity:1}
.go{width:36px;height:36px;margin:4px;position:relative}
.go:after{content:"";position:absolute;inset:-5px}
.go.dull{background:var(--line);color:var(--dim)}
.chips{margin:0}
.chip{padding:4px 0 4px 14px;line-height:1.3;margin-bottom:8px;background:linear-gradient(var(--accent) 0 0) 0 100%/var(--done,0) 3px no-repeat;overflow:hidden}
.sheet{margin:14px;width:368px;padding:24px}
.sheet p{margin:4px 0 16px}
@keyframes rise{from{opacity:0;transform:translateY(8px)}}
@keyframes dot{30%{transform:translateY(-4px)}60%{transform:none}}
@media(max-width:480px),(max-height:480px){
.box .panel{inset:var(--top,0) 0 auto;width:100%;max-width:none;height:var(--high,100dvh);max-height:none;border:0;border-radius:0}
.box .sheet{inset:auto 0 0;margin:14px auto;max-width:92%}
.opened .launcher{display:none}}
@media(prefers-reduced-motion:reduce){*{animation:none!important}}
@media(forced-colors:active){.text,.face,.badge,.round,.launcher{border:1px solid}}`;

  const WHITE = [255, 255, 255], BLACK = [0, 0, 0];
  const luminance = (rgb) => rgb.reduce((sum, value, i) =>
    sum + [0.2126, 0.7152, 0.0722][i] * (value / 255) ** 2.2, 0.05);
  const contrast = (one, two) => {
    const ratio = luminance(one) / luminance(two);
    return Math.max(ratio, 1 / ratio);
  };
  const until = (ratio, rgb, ground, goal) => {
    while (contrast(rgb, ground) < ratio) rgb = rgb.map((value, i) => value * 0.9 + goal[i] * 0.1);
    return rgb;
  };
  const dusk = matchMedia("(prefers-color-scheme:dark)");
  const shade = () => {
    const dark = settings.theme === "dark" || (settings.theme !== "light" && dusk.matches);
    box.classList.toggle("dark", dark);
    box.style.color = getComputedStyle(host).getPropertyValue("--baton-accent") || settings.color || "#0e6b5c";
    let accent = getComputedStyle(box).color.match(/[\d.]+/g).slice(0, 3).map(Number);
    box.style.color = "";
    if (dark) accent = until(3, accent, [18, 22, 21], WHITE);
    const light = contrast(accent, WHITE) > 3; // nearly enough: a little darker then, rather than black on it
    if (light) accent = until(4.7, accent, WHITE, BLACK);
    const link = until(dark ? 7 : 5.5, accent, dark ? [29, 36, 34] : [240, 241, 239], dark ? WHITE : BLACK);
    for (const [name, rgb] of Object.entries({ accent, link, on: light ? WHITE : BLACK })) box.style.setProperty("--" + name, `rgb(${rgb})`);
  };
  dusk.onchange = () => shade();

  // The elements
  const host = el("baton-chat"), box = el(".box");
  const root = host.attachShadow({ mode: "open" });
  try {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
    root.adoptedStyleSheets = [sheet];
  } catch {
    root.append(el("style", { nonce: settings.nonce || script.nonce }, CSS));
  }
  root.append(box);
  const status = el(".sr", { role: "status" }), chips = el(".chips");
  const say = (text) => (status.textContent = text);
  const narrow = matchMedia("(max-width:480px),(max-height:480px)");
  let panel, face, sub, menu, strip, log, picker, input, go, launcher, rows, nodes, stuck = true;

  const title = () => settings.title || t("title");
  const build = () => {
    const item = (key, act, name = "item") => button(name, t(key), () => {
      menu.open = false;
      act();
    });
    const sure = (key, name) => item(key, () => ask(key, name), "item." + name);
    rows = new Map();
    box.lang = LANGUAGES[known];
    box.classList.toggle("left", (settings.position === "start") !== (getComputedStyle(document.body).direction === "rtl"));
    face = el("");
    sub = el(".sub");
    menu = el("details", el("summary.round", { ariaLabel: t("menu") }, icon("more")), el(".list", sure("new", "plain"), item("transcript", download), sure("erase", "danger")));
    strip = el(".strip", { role: "status" });
    log = el(".log", { role: "log", tabIndex: 0, ariaLabel: title(), onscroll: scrolled });
    picker = el("input", { type: "file", multiple: true, hidden: true, onchange: () => {
      addFiles(picker.files);
      picker.value = "";
    } });
    input = el("textarea", { rows: 1, placeholder: t("write"), ariaLabel: t("write"), enterKeyHint: "send", value: input?.value || "", oninput: typing, onkeydown: keyed, onpaste: taken });
    go = button("round.go", t("send"), submit, "send");
    panel?.close();
    panel = el("dialog.panel", { id: "panel", tabIndex: -1, ariaLabel: title(), onkeydown: escaped, ondrop: taken, ondragover: (event) => event.preventDefault(),
      onclick: ({ target }) => void (menu.contains(target) || (menu.open = false)), onclose: () => panel.open || close() },
    el(".head", face, el(".who", el("h2", title()), sub), menu, button("round", t("close"), close, "close")),
    strip, log, el("form", chips, picker, el(".bar", button("round", t("attach"), () => picker.click(), "plus"), input, go)));
    launcher = button("launcher", "", () => show(!opened, true));
    launcher.hidden = !on(settings.launcher ?? true);
    launcher.setAttribute("aria-controls", "panel");
    box.replaceChildren(panel, launcher, status);
    new ResizeObserver(() => stuck && bottom()).observe(log);
    shade();
    fill();
    fit();
    paint();
  };
  const portrait = (agent, node = el("")) => {
    node.className = agent ? "face agent" : "face";
    node.ariaHidden = "true";
    node.replaceChildren(agent ? [...agent][0] : icon("mark"));
    return node;
  };
  const anchor = (name, href, ...parts) => el("a" + name, href && { href, target: "_blank", rel: "noopener noreferrer" }, ...parts);
  const linked = (text, bold) =>
    text.split(/(\*\*[^*\n]+\*\*|https?:\/\/[^\s<>"]*[^\s<>".,;:!?)\]'*]|[\w.+-]+@[\w-]+(?:\.[\w-]+)+)/i).map((part, i) => {
      if (i % 2 < 1) return part;
      if (part[0] === "*") return bold ? el("strong", part.slice(2, -2)) : part;
      return anchor("", safe(/:\/\//.test(part) ? part : "mailto:" + part), part);
    });
  const attachment = ({ kind, url, name, size: bytes }) => {
    const href = safe(url);
    const plain = anchor(".file", href, icon("file"), el("span", el("span.fname", name), el("small", bytes ? size(bytes) : "")));
    if (!href || kind !== "image") return plain;
    const picture = anchor("", href, el("img", { src: href, alt: name, onload: () => stuck && bottom(), onerror: () => picture.replaceWith(plain) }));
    return picture;
  };
  const messageRow = (message) => {
    const { author, name, text, title, files: sent = [], failed } = message;
    const own = author === "customer";
    if (author === "system") return el("p.system", linked(text));
    const who = own ? t("you") : name || t(author);
    const words = text || title, meta = el(".meta", { ariaLive: "off" });
    const node = el("", !own && portrait(author === "agent" && who),
      el(".body", el("span.name", who), words && el(".text", linked(words, !own)), sent.map(attachment), meta));
    const again = (act) => () => {
      act(message);
      flush();
      draw();
      input.focus();
    };
    if (failed) meta.append(el("b", { role: "alert" }, `${t("failed")}. ${failed}`),
      button("link", t("retry"), again(() => post({ ...message, failed: undefined }))), button("link", t("remove"), again(unpost)));
    node.kind = "row" + (own ? " own" : "") + (live ? " new" : "") + (failed ? " bad" : "");
    node.note = !failed && meta;
    return node;
  };
  const pills = (list, click) => el(".pills", { role: "group", ariaLabel: t("choices") }, list.map((item) => button("pill", item.title, () => {
    click(item);
    rest();
  })));
  const emptyRow = () => el(".empty", portrait(), el("b", settings.greeting || t("greeting")), el("p", t("empty")),
    settings.suggestions && pills(settings.suggestions.split("|").map((title) => ({ title })), ({ title }) => write({ text: title.trim() })));
  const typingRow = () => el(".row.final.first.new", { ariaHidden: "true" }, portrait(typist.agent), el(".body", el(".text.dots", el("i"), el("i"), el("i")), el(".meta", "\u00a0")));
  const ratingRow = () => {
    let score;
    const note = el("textarea", { placeholder: t("comment"), ariaLabel: t("comment"), maxLength: 1000, hidden: true });
    const close = () => {
      rated = true;
      draw();
      input.focus();
    };
    const done = button("pill.solid", t("send"), () => {
      send({ type: "rate", score, comment: note.value.trim() });
      say(t("thanks"));
      close();
    });
    done.hidden = true;
    const stars = [1, 2, 3, 4, 5].map((n) => button("star", n + " / 5", () => {
      score = n;
      note.hidden = done.hidden = false;
      stars.forEach((star, i) => (star.ariaPressed = String(i + 1 === n)));
      bottom();
    }, "star"));
    return el(".rate", { role: "group", ariaLabel: t("rate") }, el("b", t("rate")), el(".stars", stars), note, el(".acts", button("pill", t("later"), close), done));
  };

  // Drawing: rows are made once and kept, so that nothing is read out or moved twice
  const row = (key, make) => {
    const node = rows.get(key) || make();
    rows.set(key, node);
    nodes.push(node);
    return node;
  };
  const drawRows = () => {
    nodes = [];
    let asking = state.rate && !rated; // where the agent's part ended, whatever is said afterwards
    const all = [...messages.values()].sort((a, b) => a.seq - b.seq).concat(outbox());
    const lastOwn = all.findLastIndex(({ author, failed }) => author === "customer" && !failed);
    const out = state.owner === "queue" && all.findLastIndex(({ author, choices }) => author === "system" && choices);
    const apart = (one, two) => one?.author + one?.name !== two?.author + two?.name || new Date(two.at) - new Date(one.at) > 3e5;
    all.forEach((message, i) => {
      const { seq, id, at, failed, choices } = message, before = all[i - 1], date = new Date(at).toDateString();
      if (asking && (!seq || new Date(at) > new Date(asking))) asking = row("rate", ratingRow) && 0;
      if (!before || date !== new Date(before.at).toDateString()) row(date, () => el(".day", day(at)));
      const node = row([id || seq, failed, message.text || message.title].join(), () => messageRow(message));
      const final = apart(message, all[i + 1]);
      const how = !seq ? t("sending") : i === lastOwn && t(seq <= state.seen ? "seen" : "sent");
      const note = [final && clock(at), how].filter(Boolean).join(" · ");
      if (node.kind) node.className = node.kind + (apart(before, message) ? " first" : "") + (final ? " final" : "");
      if (node.note && node.note.textContent !== note) node.note.textContent = note;
      if (choices && (i > lastOwn && state.owner !== "agent" || i === out)) row("choices" + seq, () => pills(choices, ({ title, token: choice }) => write({ choice, title })));
    });
    if (!all[0]) {
      if (!received && session() && phase === "connecting") [1, 2, 3].map((n) => row("ghost" + n, () => el(".ghost")));
      else row("empty", emptyRow);
    }
    if (typist) row("typing" + typist.agent, typingRow);
    if (asking) row("rate", ratingRow);
  };
  const drawLog = () => {
    log.ariaLive = live ? "polite" : "off";
    drawRows();
    const shown = new Set(nodes);
    for (const [key, node] of rows) if (!shown.has(node)) rows.delete(key);
    for (const node of [...log.children]) if (!shown.has(node)) node.remove();
    nodes.forEach((node, i) => log.children[i] !== node && log.insertBefore(node, log.children[i]));
    live = received;
    if (stuck) bottom();
  };
  const drawHead = () => {
    const { owner } = state, agent = owner === "agent" && (state.agent || t("agent"));
    const text = phase === "connecting" ? t(phase) : agent ? t("talking", agent) : t("bot");
    if (sub.textContent === text) return;
    sub.textContent = text;
    if (agent) say(text);
    portrait(agent, face);
  };
  const drawStrip = () => {
    const { owner, place, open, online, hours } = state, queue = owner === "queue";
    const failed = phase === "refused", there = open && online;
    let text = "", number = "";
    if (failed || phase === "offline") text = t(phase);
    else if (queue || (!open && owner !== "agent")) {
      number = queue && there && place ? `${place}` : "";
      text = [there ? number && t("place", number) : t("away"), !open && hours?.replace(/\.?$/, "."), t(there ? "queue" : "leave")].filter(Boolean).join(" ");
    }
    if (strip.said === text) return;
    strip.said = text;
    strip.replaceChildren(text && el(".note" + (phase === "online" ? "" : ".warn"), number && el("b.place", { ariaHidden: "true" }, number), el("span", text), failed && button("link", t("retry"), rejoin)));
  };
  const drawLauncher = () => {
    const before = unread;
    unread = reading() ? 0 : [...messages.values()].filter(({ author, seq }) => author !== "customer" && seq > state.read).length;
    launcher.replaceChildren(icon(opened ? "down" : "mark"), unread ? el("span.badge", { ariaHidden: "true" }, unread > 9 ? "9+" : `${unread}`) : "");
    launcher.ariaLabel = opened ? t("close") : title() + (unread ? ", " + t("unread", unread) : "");
    launcher.ariaExpanded = `${opened}`;
    if (unread === before) return;
    if (unread && !opened) say(t("unread", unread));
    emit("unread", unread);
  };
  const paint = () => {
    drawHead();
    drawStrip();
    drawLog();
    drawLauncher();
    for (const item of menu.querySelectorAll("button")) item.disabled = phase !== "online";
    const newest = Math.max(0, ...messages.keys());
    if (!reading() || !link?.ready || newest <= Math.max(state.read, link.read || 0)) return;
    link.read = newest;
    send({ type: "read", seq: newest });
  };
  let drawing;
  const draw = () => (drawing ||= Promise.resolve().then(() => {
    drawing = null;
    if (panel) paint();
  }));
  const setPhase = (now) => {
    phase = now;
    draw();
  };
  const fit = () => {
    if (!opened) return; // no layout before it is needed
    input.style.height = "0";
    input.style.height = Math.min(132, Math.max(44, input.scrollHeight)) + "px";
    input.maxLength = limits.text;
    go.classList.toggle("dull", !input.value.trim() && ![...files.values()].some(Boolean));
  };
  let top = 0;
  const bottom = () => {
    stuck = true;
    if (opened) top = log.scrollTop = log.scrollHeight;
  };
  const scrolled = () => {
    const near = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
    if (near || log.scrollTop < top) stuck = near; // only people scroll up
    top = log.scrollTop;
    if (top > 120 || !more || asked || !link?.ready) return;
    asked = true;
    send({ type: "history", before: Math.min(...messages.keys()) });
  };

  // What people do
  const reading = () => opened && !document.hidden;
  const fill = () => { // on a phone the whole screen, less the keyboard
    const full = opened && narrow.matches;
    if (panel.open && (!opened || full !== panel.matches(":modal"))) panel.close();
    if (full && !panel.open) panel.showModal();
    panel.open = opened;
    box.classList.toggle("opened", opened);
    (opened ? panel : box).append(status);
    box.style.setProperty("--high", visualViewport.height + "px");
    box.style.setProperty("--top", visualViewport.offsetTop + "px");
    if (stuck) bottom();
  };
  const show = (now, focus) => {
    if (opened === now) return;
    opened = now;
    tab[PREFIX + "open"] = now ? 1 : "";
    menu.open = false;
    fill();
    paint();
    if (now) {
      connect();
      fit();
      bottom();
    }
    if (focus) now ? rest() : launcher.focus();
    emit(now ? "open" : "close");
  };
  const close = () => show(false, true);
  const rest = () => (narrow.matches ? log : input).focus(); // on a phone the keyboard stays away
  const ask = (type, name) => {
    const ariaLabel = t(type) + "?";
    const sheet = el("dialog.sheet", { role: "alertdialog", ariaLabel, onclose() {
      sheet.remove();
      menu.firstChild.focus();
    } }, el("h2", ariaLabel), name === "danger" && el("p", t("sure")),
      el(".acts", button("pill", t("later"), () => sheet.close()), button("pill.solid." + name, t(type), () => {
        sheet.close();
        send({ type });
      })));
    box.append(sheet);
    sheet.showModal();
  };
  const keyed = (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    submit();
  };
  const taken = (event) => { // pasted or dropped
    const { files } = event.clipboardData || event.dataTransfer;
    if (!files[0]) return;
    event.preventDefault();
    addFiles(files);
  };
  const escaped = (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    if (!menu.open) return close();
    menu.open = false;
    menu.firstChild.focus();
  };

  const api = {
    signOut,
    open: () => show(true, true),
    close,
    toggle: () => show(!opened, true),
    identify: signIn,
    send: (text) => `${text}`.trim() && write({ text: `${text}` }),
    on: (event, listener) => (listeners[event] ||= []).push(listener),
    setTheme(theme) {
      settings.theme = theme;
      shade();
    },
    setLocale(wanted) {
      setLocale(wanted);
      build();
    },
    push: ([name, ...rest]) => api[name](...rest),
    get unread() {
      return unread;
    },
  };
  const begin = () => {
    document.body.append(host);
    build();
    narrow.onchange = fill;
    visualViewport.addEventListener("resize", fill);
    const early = window.Baton || [];
    window.Baton = api;
    early.forEach?.(api.push);
    if (on(settings.open) || (tab[PREFIX + "open"] && !narrow.matches)) show(true);
    else if (wanted()) setTimeout(connect);
  };
  if (document.body) begin();
  else addEventListener("DOMContentLoaded", begin);
})();
