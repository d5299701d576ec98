/*! Baton web chat. Apache-2.0. One file, no dependencies, no build step.
 *
 *  Settings: data-* attributes of the script tag, or window.batonSettings.
 *  Interface: window.Baton. The server numbers the messages and decides who the customer is;
 *  this file shows what it is told, and keeps what was written until the server has it.
 */
(() => {
  "use strict";
  const script = document.currentScript || document.querySelector('script[src*="/widget.js"]');
  const settings = { ...script.dataset, ...window.batonSettings };
  const address = (path) => new URL(path, script.src).href;
  const on = (value) => value === "" || value === true || value === "true";
  if (document.querySelector("baton-chat")) return;

  // ---------------------------------------------------------------- words
  const TEXTS = {
    chat: ["Chat", "Chat", "Chat"],
    open: ["Open chat", "Abrir el chat", "Chat öffnen"],
    close: ["Close chat", "Cerrar el chat", "Chat schließen"],
    unread: ["{} unread", "{} sin leer", "{} ungelesen"],
    title: ["Chat with us", "Hable con nosotros", "Schreiben Sie uns"],
    greeting: ["Hello! How can we help?", "¡Hola! ¿En qué podemos ayudarle?", "Hallo! Wie können wir helfen?"],
    empty: [
      "Our assistant answers at once, and a colleague joins when you need one.",
      "Nuestro asistente responde al momento y una persona se une cuando haga falta.",
      "Unser Assistent antwortet sofort, und bei Bedarf kommt ein Mensch dazu.",
    ],
    bot: ["Assistant", "Asistente", "Assistent"],
    agent: ["Agent", "Agente", "Mitarbeiter"],
    you: ["You", "Usted", "Sie"],
    botSub: ["Answers at once", "Responde al momento", "Antwortet sofort"],
    talking: ["You are talking to {}", "Está hablando con {}", "Sie sprechen mit {}"],
    waiting: ["Waiting for a colleague", "Esperando a una persona", "Warten auf einen Menschen"],
    next: ["You are next in line.", "Es su turno enseguida.", "Sie sind als Nächstes dran."],
    place: ["You are number {} in line.", "Es el número {} en la cola.", "Sie sind Nummer {} in der Reihe."],
    queued: ["You can keep writing, everything is read.", "Puede seguir escribiendo, todo se lee.", "Schreiben Sie ruhig weiter, alles wird gelesen."],
    away: ["Our team is away just now.", "Nuestro equipo no está ahora.", "Unser Team ist gerade nicht da."],
    leave: ["Leave a message and we will answer here.", "Deje un mensaje y le responderemos aquí.", "Hinterlassen Sie eine Nachricht, wir antworten hier."],
    connecting: ["Connecting…", "Conectando…", "Verbinden…"],
    offline: [
      "No connection. What you write is kept and sent as soon as it is back.",
      "Sin conexión. Lo que escriba se guarda y se envía en cuanto vuelva.",
      "Keine Verbindung. Was Sie schreiben, wird gesendet, sobald sie wieder da ist.",
    ],
    back: ["Connected again", "Conectado de nuevo", "Wieder verbunden"],
    expired: ["Your sign-in has expired. Sign in again to go on.", "Su sesión ha caducado. Inicie sesión de nuevo.", "Ihre Anmeldung ist abgelaufen. Bitte melden Sie sich neu an."],
    refused: ["We could not confirm your sign-in.", "No hemos podido confirmar su sesión.", "Ihre Anmeldung konnte nicht bestätigt werden."],
    retry: ["Try again", "Reintentar", "Nochmals"],
    write: ["Write a message", "Escriba un mensaje", "Nachricht schreiben"],
    send: ["Send", "Enviar", "Senden"],
    attach: ["Attach a file", "Adjuntar un archivo", "Datei anhängen"],
    remove: ["Remove", "Quitar", "Entfernen"],
    tooBig: ["Larger than {}", "Más de {}", "Größer als {}"],
    badFile: ["Could not be sent", "No se pudo enviar", "Nicht gesendet"],
    image: ["Image: {}", "Imagen: {}", "Bild: {}"],
    sending: ["Sending…", "Enviando…", "Wird gesendet…"],
    sent: ["Sent", "Enviado", "Gesendet"],
    seen: ["Seen", "Visto", "Gelesen"],
    failed: ["Not sent", "No enviado", "Nicht gesendet"],
    typing: ["{} is typing", "{} está escribiendo", "{} schreibt"],
    choices: ["Suggested answers", "Respuestas sugeridas", "Vorschläge"],
    log: ["Conversation", "Conversación", "Unterhaltung"],
    latest: ["To the latest", "A lo último", "Zum Neuesten"],
    menu: ["Menu", "Menú", "Menü"],
    fresh: ["New conversation", "Nueva conversación", "Neue Unterhaltung"],
    transcript: ["Download transcript", "Descargar la conversación", "Verlauf herunterladen"],
    erase: ["Delete my data", "Borrar mis datos", "Meine Daten löschen"],
    sureFresh: ["Start over? This conversation is put away.", "¿Empezar de nuevo? Esta conversación se archiva.", "Neu beginnen? Diese Unterhaltung wird abgelegt."],
    sureErase: [
      "Delete everything we keep about you here? This cannot be undone.",
      "¿Borrar todo lo que guardamos sobre usted aquí? No se puede deshacer.",
      "Alles löschen, was wir hier über Sie speichern? Das ist endgültig.",
    ],
    cancel: ["Cancel", "Cancelar", "Abbrechen"],
    rate: ["How was your conversation?", "¿Qué tal la conversación?", "Wie war Ihr Gespräch?"],
    stars: ["{} of 5", "{} de 5", "{} von 5"],
    comment: ["Anything to add? (optional)", "¿Algo que añadir? (opcional)", "Noch etwas? (freiwillig)"],
    thanks: ["Thank you!", "¡Gracias!", "Danke!"],
    later: ["Not now", "Ahora no", "Nicht jetzt"],
  };
  const LANGUAGES = ["en", "es", "de"];
  let locale, words;
  const setLocale = (wanted) => {
    const auto = document.documentElement.lang || navigator.language;
    locale = (wanted && wanted !== "auto" ? wanted : auto || "en").slice(0, 2).toLowerCase();
    words = Math.max(0, LANGUAGES.indexOf(locale));
  };
  setLocale(settings.locale);
  const t = (key, value) => (settings.texts?.[key] || TEXTS[key][words]).replace("{}", value);
  const language = () => LANGUAGES[words];
  const clock = (at) => new Intl.DateTimeFormat(language(), { timeStyle: "short" }).format(at);
  const day = (at) => {
    const days = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(at).setHours(0, 0, 0, 0)) / 864e5);
    const text = days < 2
      ? new Intl.RelativeTimeFormat(language(), { numeric: "auto" }).format(-days, "day")
      : new Intl.DateTimeFormat(language(), { dateStyle: "medium" }).format(at);
    return text[0].toUpperCase() + text.slice(1);
  };
  const size = (bytes) => {
    const unit = bytes < 1e6 ? "kilobyte" : "megabyte";
    const value = bytes / (bytes < 1e6 ? 1e3 : 1e6);
    return new Intl.NumberFormat(language(), { style: "unit", unit, maximumFractionDigits: 1 }).format(value);
  };

  // ---------------------------------------------------------------- small tools
  const el = (name, props, ...kids) => {
    const [tag, ...classes] = name.split(".");
    const node = document.createElement(tag || "div");
    node.classList.add(...classes);
    for (const [key, value] of Object.entries(props || {})) {
      if (key in node) node[key] = value;
      else if (value != null) node.setAttribute(key, value);
    }
    node.append(...kids.filter(Boolean));
    return node;
  };
  const icon = (...paths) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    for (const d of paths) {
      svg.append(document.createElementNS(svg.namespaceURI, "path"));
      svg.lastChild.setAttribute("d", d);
    }
    return svg;
  };
  const ICONS = {
    mark: ["M12 3.5c5 0 9 3.4 9 7.7s-4 7.7-9 7.7c-1 0-2-.1-2.900-.4L4.500 20.500l.9-3.800C3.900 15.300 3 13.400 3 11.200c0-4.300 4-7.700 9-7.700z", "M8.800 13.600l6.400-4.800"],
    down: ["M6 9.500l6 6 6-6"],
    close: ["M6.500 6.500l11 11M17.500 6.500l-11 11"],
    more: ["M5 12h.01M12 12h.01M19 12h.01"],
    send: ["M12 19V5.500M6 11l6-6 6 6"],
    clip: ["M19 11.500l-7.300 7.200a4.600 4.600 0 0 1-6.500-6.500l7.600-7.500a3 3 0 0 1 4.300 4.300l-7.500 7.400a1.500 1.500 0 0 1-2.100-2.100l6.800-6.700"],
    file: ["M14 3.500H7.500A1.500 1.500 0 0 0 6 5v14a1.500 1.500 0 0 0 1.500 1.500h9A1.500 1.500 0 0 0 18 19V7.500z", "M14 3.500v4h4"],
    star: ["M12 3.600l2.600 5.300 5.800.8-4.200 4.100 1 5.800-5.200-2.700-5.200 2.700 1-5.800-4.200-4.100 5.800-.8z"],
  };
  const button = (name, label, click, shape) =>
    el(`button.${name}`, { type: "button", onclick: click, ...(shape && { ariaLabel: label, title: label }) }, shape ? icon(...ICONS[shape]) : label);
  const uuid = () =>
    crypto.randomUUID?.() ||
    "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (c) => (c ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (c / 4)))).toString(16));
  const safe = (url) => {
    try {
      const whole = new URL(url, script.src);
      return /^(https?|mailto):$/.test(whole.protocol) ? whole.href : null;
    } catch {
      return null;
    }
  };

  // ---------------------------------------------------------------- what is kept in this browser
  const PREFIX = `baton ${address(".")} `;
  const memory = {};
  const keep = (key, value) => {
    memory[key] = value;
    try {
      if (value == null) localStorage.removeItem(PREFIX + key);
      else localStorage.setItem(PREFIX + key, value);
    } catch {} // no storage here: this page remembers by itself
  };
  const kept = (key) => {
    try {
      return localStorage.getItem(PREFIX + key);
    } catch {
      return memory[key];
    }
  };
  // Unsent messages: one key for each, so that two tabs never overwrite each other's.
  const outbox = () => {
    let keys;
    try {
      keys = Object.keys(localStorage).filter((key) => key.startsWith(PREFIX + "out ")).map((key) => key.slice(PREFIX.length));
    } catch {
      keys = Object.keys(memory).filter((key) => key.startsWith("out ") && memory[key]);
    }
    return keys.map((key) => JSON.parse(kept(key))).sort((a, b) => a.at - b.at);
  };
  const post = (item) => keep("out " + item.id, JSON.stringify(item));
  const unpost = (id) => keep("out " + id);

  // ---------------------------------------------------------------- state
  const listeners = {};
  const emit = (event, detail) => (listeners[event] || []).forEach((listener) => listener(detail));
  const messages = new Map(); // by sequence
  const mine = new Set(); // ids written in this page: shown even before the server knows us
  const files = []; // chosen for the next message
  const NOBODY = { owner: "bot", open: true, online: true, seen: 0, read: 0 };
  let state = NOBODY;
  let limits = { text: 4000, files: 5, file_bytes: 1e7 };
  let last = 0, more = false, asked = false, opened = false, rated = false, unread = 0;
  let phase = "idle"; // idle, connecting, online, offline, expired, refused
  let ever = false; // this page has been told who it is
  let typist, typingTimer;

  // ---------------------------------------------------------------- who is signed in
  let identity = settings.identity; // token or function
  let token = null;
  const signable = () => Boolean(identity || settings.identityUrl);
  const identify = async (again) => {
    if (token && !again) return token;
    if (typeof identity === "function") token = await identity();
    else if (identity) token = identity;
    else if (settings.identityUrl) {
      const answer = await fetch(settings.identityUrl, { credentials: "same-origin", cache: "no-store" });
      if (!answer.ok && ![401, 403].includes(answer.status)) throw new Error(`identityUrl: ${answer.status}`);
      const text = answer.ok ? (await answer.text()).trim() : "";
      token = text[0] === "{" ? JSON.parse(text).token : text;
    }
    return (token = token || null);
  };
  // Strangers' and customers' sessions have keys of their own: a tab that is not signed in never takes the other's.
  const sessionKey = () => (token ? "customer" : "visitor");
  const session = () => kept(sessionKey()) || kept("visitor");

  const forget = () => {
    messages.clear();
    mine.clear();
    last = 0;
    more = ever = rated = false;
    state = NOBODY;
    typist = null;
  };
  const forgetAll = () => {
    forget();
    outbox().forEach((item) => unpost(item.id));
  };
  const signOut = () => {
    identity = token = null;
    forgetAll();
    keep("customer");
    keep("visitor");
    rejoin();
  };
  const signIn = async (who) => {
    identity = who;
    try {
      const before = token;
      if (!(await identify(true))) return before && signOut();
    } catch {}
    if (link?.ready && phase === "online") send({ type: "identify", identity: token });
    else rejoin();
  };

  // ---------------------------------------------------------------- connection
  let link = null, tries = 0, unopened = 0, polls = 0, heard = 0, retryTimer;
  const send = (frame) => link?.send?.(frame);
  const wanted = () => opened || kept("customer") || kept("visitor") || outbox().length;

  async function connect() {
    if (link) return;
    clearTimeout(retryTimer);
    const current = (link = { close() {}, sent: new Set() });
    if (phase !== "online") setPhase(tries > 1 ? "offline" : "connecting");
    try {
      await identify();
    } catch {
      return lost(current); // not knowing whether somebody is signed in, we do not say hello as a stranger
    }
    if (link !== current) return;
    if (unopened > 1 && polls-- > 0) pollWith(current);
    else talkWith(current);
  }

  const hello = () => ({
    type: "hello", v: 1, session: session() || undefined, identity: token || undefined,
    after: last, language: locale, page: location.href.split(/[?#]/)[0].slice(0, 500),
  });

  function talkWith(current) {
    let socket;
    try {
      socket = new WebSocket(address("chat").replace(/^http/, "ws"));
    } catch {
      return lost(current);
    }
    const late = setTimeout(() => current.ready || lost(current), 10000);
    current.send = (frame) => socket.readyState === 1 && socket.send(JSON.stringify(frame));
    current.close = () => {
      clearTimeout(late);
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    };
    socket.onopen = () => send(hello());
    socket.onmessage = (event) => receive(JSON.parse(event.data));
    socket.onclose = (event) => lost(current, event.code);
  }

  /* Where WebSockets are blocked: each request says hello, hands over frames and waits for news. */
  function pollWith(current) {
    const exchange = async (frames, wait) => {
      const { type, ...greeting } = hello();
      const answer = await fetch(address("chat/frames"), {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ hello: greeting, frames, wait }),
      });
      if (!answer.ok) throw new Error(answer.status);
      for (const frame of (await answer.json()).frames) if (link === current) receive(frame);
    };
    const guarded = (work) => work.catch(() => lost(current));
    current.polling = true;
    current.send = (frame) => frame.type !== "ping" && guarded(exchange([frame], 0));
    guarded((async () => {
      await exchange([], 0);
      while (link === current && polls-- > 0) await exchange([], 25);
      if (link !== current) return;
      link = null; // try a socket again, quietly
      connect();
    })());
  }

  function lost(current, code) {
    if (link !== current) return;
    current.close();
    link = null;
    if (!current.ready && !current.polling && ++unopened > 1) polls = unopened > 2 ? 12 : 1;
    if (code === 4401) return renew();
    if (["refused", "expired"].includes(phase)) return;
    const wait = Math.min(30, 2 ** tries++) * (0.75 + Math.random() / 2);
    retryTimer = setTimeout(connect, 1000 * (code === 4429 ? Math.max(10, wait) : wait));
    if (unopened === 2 && navigator.onLine !== false) connect();
    else setPhase(tries > 1 || navigator.onLine === false ? "offline" : "connecting");
  }
  function rejoin() {
    link?.close();
    link = null;
    setPhase("connecting");
    if (wanted()) connect();
    else setPhase("idle");
  }
  const hurry = () => {
    if (!link && ["connecting", "offline"].includes(phase)) {
      tries = 0;
      connect();
    } else check();
  };
  const check = () => {
    if (!link?.ready || link.polling) return;
    const current = link, since = Date.now();
    send({ type: "ping" });
    setTimeout(() => heard < since && lost(current), 8000);
  };
  setInterval(() => {
    if (link?.ready) tries = 0;
    check();
    flush();
  }, 25000);
  addEventListener("online", hurry);
  addEventListener("offline", check);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "visible") return;
    if (wanted()) hurry();
    markRead();
  });
  addEventListener("storage", ({ key, newValue }) => {
    if (!key?.startsWith(PREFIX)) return;
    key = key.slice(PREFIX.length);
    if (key === sessionKey()) {
      if (!newValue && token) identity = null; // signed out in another tab
      token = null;
      forget();
      rejoin();
    }
    draw();
  });

  // The server wants to know again who this is.
  async function renew() {
    const before = token;
    try {
      await identify(true);
    } catch {}
    if (!token) return signOut();
    if (token === before) {
      link?.close();
      link = null;
      return setPhase("expired");
    }
    if (link?.ready) {
      send({ type: "identify", identity: token });
      flush(true);
    } else rejoin();
  }

  // ---------------------------------------------------------------- what the server says
  const receive = (frame) => {
    heard = Date.now();
    handlers[frame.type]?.(frame);
  };
  const add = (list) => {
    let news = 0;
    for (const message of list) {
      if (message.author !== "customer" && message.seq > last) {
        news++;
        emit("message", message);
        if (message.author !== "system") typist = null;
      }
      messages.set(message.seq, message);
      if (message.id) {
        unpost(message.id);
        mine.delete(message.id);
      }
    }
    if (news && ever && !reading()) beep();
  };
  const handlers = {
    ready(frame) {
      const first = !link.ready;
      link.ready = true;
      unopened = link.polling ? unopened : 0;
      if (["signed_out", "other_customer", "erased"].includes(frame.fresh)) forgetAll();
      if (frame.fresh || frame.reset) forget();
      keep(sessionKey(), frame.session);
      if (token) keep("visitor");
      if (frame.limits) limits = frame.limits;
      state = frame.state;
      add(frame.messages);
      last = frame.last;
      if (frame.reset || frame.fresh || !ever) more = frame.more;
      ever = true;
      if (phase === "offline") say(t("back"));
      setPhase("online");
      if (first) {
        flush(true);
        emit("ready", { customer: frame.customer });
      }
    },
    messages(frame) {
      add(frame.messages);
      last = Math.max(last, frame.last);
      draw();
    },
    ack(frame) {
      const item = outbox().find(({ id }) => id === frame.id);
      if (item && ![...messages.values()].some(({ id }) => id === item.id)) {
        messages.set(frame.seq, { ...item, seq: frame.seq, author: "customer", text: item.text || item.title });
      }
      unpost(frame.id);
      if (frame.answering) showTyping("", 20000);
      draw();
    },
    refused(frame) {
      if (frame.code === "identity_refused" && !frame.id) return refuse();
      const item = outbox().find(({ id }) => id === frame.id);
      if (!item) return;
      link.sent.delete(item.id);
      if (frame.code === "identity_expired") renew();
      else if (frame.retry_after || frame.code === "unavailable") setTimeout(flush, 1000 * (frame.retry_after || 5));
      else {
        post({ ...item, failed: frame.message || " " });
        say(t("failed"), true);
      }
      draw();
    },
    state(frame) {
      state = frame;
      rated = rated && frame.rate;
      emit("state", frame);
      draw();
    },
    typing: (frame) => showTyping(frame.name, 5000),
    history(frame) {
      asked = false;
      more = frame.more;
      quietly(() => frame.messages.forEach((message) => messages.set(message.seq, message)));
    },
    identity_needed: renew,
    error: (frame) => console.warn("Baton:", frame.message),
  };
  const refuse = async () => {
    if (link.again || typeof identity === "string") {
      forget();
      link.close();
      link = null;
      return setPhase("refused");
    }
    link.again = true; // the token may just have been old
    try {
      await identify(true);
    } catch {}
    send(hello());
  };
  const showTyping = (name, time) => {
    typist = { name: name || t("bot"), agent: name };
    clearTimeout(typingTimer);
    typingTimer = setTimeout(() => {
      typist = null;
      draw();
    }, time);
    if (name) say(t("typing", name));
    draw();
  };

  // ---------------------------------------------------------------- what the customer says
  const write = (content) => {
    const item = { id: uuid(), at: Date.now(), ...content };
    mine.add(item.id);
    post(item);
    flush();
    if (!link) connect();
    state = { ...state, rate: false };
    draw();
    bottom();
  };
  function flush() {
    if (!link?.ready || phase !== "online") return;
    for (const { id, text, choice, files: sent, failed } of outbox()) {
      if (failed || link.sent.has(id)) continue;
      link.sent.add(id);
      send({ type: "message", id, text: choice ? undefined : text, choice, files: sent?.map((file) => file.id) });
    }
  }
  let typedAt = 0;
  const tellTyping = () => {
    if (phase !== "online" || Date.now() - typedAt < 3000 || !input.value.trim()) return;
    typedAt = Date.now();
    send({ type: "typing" });
  };
  const submit = () => {
    const text = input.value.trim();
    const ready = files.filter((file) => file.sent);
    if ((!text && !ready.length) || files.some((file) => !file.sent && !file.error)) return;
    write({ text: text || undefined, files: ready.length ? ready.map((file) => file.sent) : undefined });
    input.value = "";
    files.length = 0;
    drawFiles();
    fit();
    input.focus();
  };

  const addFiles = (list) => {
    for (const file of list) {
      if (files.length >= limits.files) break;
      const entry = { file, done: 0 };
      files.push(entry);
      if (file.size > limits.file_bytes) entry.error = t("tooBig", size(limits.file_bytes));
      else upload(entry);
    }
    drawFiles();
  };
  const upload = (entry) => {
    const request = (entry.request = new XMLHttpRequest());
    request.open("POST", address("chat/files?name=" + encodeURIComponent(entry.file.name)));
    request.setRequestHeader("x-baton-session", session());
    if (token) request.setRequestHeader("x-baton-identity", token);
    request.upload.onprogress = (event) => {
      entry.done = event.loaded / event.total;
      drawFiles();
    };
    request.onloadend = () => {
      try {
        const answer = JSON.parse(request.responseText);
        if (request.status < 300) entry.sent = answer;
        else entry.error = answer.error.message;
      } catch {
        entry.error = t("badFile");
      }
      if (entry.error) say(entry.error, true);
      drawFiles();
    };
    request.send(entry.file);
  };

  const download = async () => {
    const answer = await fetch(address("chat/transcript"), {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ session: session(), identity: token || undefined }),
    });
    if (!answer.ok) return;
    const url = URL.createObjectURL(await answer.blob());
    el("a", { href: url, download: "chat.txt" }).click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  };
  const beep = () => {
    if (!on(settings.sound)) return;
    const audio = new AudioContext(), tone = audio.createOscillator(), gain = audio.createGain();
    gain.gain.setValueAtTime(0.06, audio.currentTime);
    gain.gain.exponentialRampToValueAtTime(0.0001, audio.currentTime + 0.4);
    tone.frequency.value = 740;
    tone.connect(gain).connect(audio.destination);
    tone.start();
    tone.stop(audio.currentTime + 0.4);
  };
  // ---------------------------------------------------------------- looks
  const CSS = `
:host{all:initial}
*,:before,:after{box-sizing:border-box}
[hidden]{display:none!important}
.box{
--bg:#fff;--soft:#f6f7f5;--card:#fff;--ink:#17211e;--dim:#5a6662;--line:#e1e6e3;--warn:#fff3d9;--warnink:#6a4600;--bad:#b3261e;
--tint:color-mix(in srgb,var(--accent) 9%,var(--bg));--r:var(--baton-radius,20px);
font:15px/1.45 var(--baton-font,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif);color:var(--ink);color-scheme:light}
.dark{--bg:#171c1b;--soft:#101413;--card:#212927;--ink:#e9eeec;--dim:#a0aca8;--line:#313b38;--warn:#3a2f14;--warnink:#f7d48b;--bad:#ff9d94;color-scheme:dark}
.panel,.launcher{position:fixed;inset-inline-end:20px;z-index:var(--baton-z,2147483000)}
.start .panel,.start .launcher{inset-inline:20px auto}
button,textarea{font:inherit;color:inherit;margin:0;border:1px solid transparent;background:none}
button{cursor:pointer;padding:0;-webkit-tap-highlight-color:transparent;touch-action:manipulation}
button:disabled{opacity:.45;cursor:default}
:focus-visible{outline:2px solid var(--link);outline-offset:2px}
svg{width:24px;height:24px;fill:none;stroke:currentColor;stroke-width:1.9;stroke-linecap:round;stroke-linejoin:round;display:block;flex:none}
a{color:var(--link);text-underline-offset:2px}
h2,p{margin:0;font-size:inherit}
.sr{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.launcher{bottom:20px;width:60px;height:60px;border-radius:50%;background:var(--accent);color:var(--on);display:grid;place-items:center;
box-shadow:0 1px 2px #0003,0 8px 24px #0003;transition:transform .18s,box-shadow .18s}
.launcher:hover{transform:translateY(-2px);box-shadow:0 2px 4px #0003,0 12px 28px #0004}
.launcher svg{width:30px;height:30px}
.badge{position:absolute;top:-4px;inset-inline-end:-4px;min-width:24px;height:24px;padding:0 6px;border-radius:12px;background:#c9252d;color:#fff;border:2px solid var(--bg);font-size:12px;font-weight:700;line-height:20px;animation:rise .2s}
.panel{bottom:96px;width:396px;height:min(704px,100dvh - 116px);display:flex;flex-direction:column;background:var(--bg);border:1px solid var(--line);border-radius:var(--r);overflow:hidden;
box-shadow:0 2px 6px #0000000f,0 24px 64px #00000033;animation:open .22s cubic-bezier(.2,.8,.3,1);outline-offset:-3px}
header{display:flex;align-items:center;gap:12px;padding:12px 8px 12px 16px;border-bottom:1px solid var(--line);position:relative;z-index:2}
header:before{content:"";position:absolute;inset:0 0 auto;height:3px;background:linear-gradient(90deg,var(--accent),color-mix(in srgb,var(--accent) 35%,var(--bg)))}
.who{flex:1;min-width:0}
.who *{overflow:hidden;text-overflow:ellipsis;white-space:nowrap;unicode-bidi:plaintext;text-align:start}
h2{font-size:16px;font-weight:650;letter-spacing:-.01em}
.sub{font-size:13px;color:var(--dim)}
.face{width:28px;height:28px;flex:none;border-radius:50%;background:var(--accent);color:var(--on);display:grid;place-items:center;font-size:11px;font-weight:700;letter-spacing:.02em;position:relative}
.face svg{width:62%;height:62%}
.face.agent{background:var(--tint);color:var(--link);border:1px solid var(--line)}
header .face{width:42px;height:42px;font-size:15px}
header .agent:after{content:"";position:absolute;bottom:-1px;inset-inline-end:-1px;width:12px;height:12px;border-radius:50%;background:#1f9d61;border:2px solid var(--bg)}
.round{width:44px;height:44px;border-radius:50%;display:grid;place-items:center;color:var(--dim);transition:background .15s}
.round:hover{background:var(--soft);color:var(--ink)}
.menu{position:absolute;top:60px;inset-inline-end:12px;min-width:230px;padding:6px;background:var(--card);border:1px solid var(--line);border-radius:14px;box-shadow:0 12px 36px #0003;animation:rise .14s;z-index:3}
.menu button{display:block;width:100%;min-height:44px;padding:8px 14px;border-radius:9px;text-align:start}
.menu button:not(:disabled):hover{background:var(--soft)}
.menu .danger{color:var(--bad)}
.strip{font-size:13.5px;unicode-bidi:plaintext;text-align:start}
.strip>div{display:flex;align-items:center;gap:10px;padding:10px 16px;background:var(--tint);border-bottom:1px solid var(--line);animation:fade .2s}
.strip .warn{background:var(--warn);color:var(--warnink)}
.strip span{flex:1}
.strip button{min-height:44px;margin:-8px 0;font-weight:650;text-decoration:underline;color:inherit}
.place{flex:none;min-width:34px;height:34px;border-radius:17px;background:var(--accent);color:var(--on);display:grid;place-items:center;font-weight:700}
.log{flex:1;overflow-y:auto;overscroll-behavior:contain;overflow-anchor:none;padding:16px;background:var(--soft);display:flex;flex-direction:column;gap:3px;scrollbar-width:thin;outline-offset:-3px}
.log>:first-child{margin-top:auto}
.day{align-self:center;margin-block:14px 6px;font-size:12px;color:var(--dim)}
.row{display:flex;align-items:flex-end;gap:8px;max-width:90%}
.row.first{margin-top:10px}
.row.new{animation:rise .2s}
.own{align-self:flex-end;justify-content:flex-end}
.own .body{align-items:flex-end}
.row>.face{visibility:hidden;margin-bottom:1px}
.final>.face{visibility:visible}
.final.has>.face{margin-bottom:21px}
.body{display:flex;flex-direction:column;align-items:flex-start;gap:3px;min-width:0}
.name{font-size:12px;color:var(--dim);margin:0 12px 1px}
.row:not(.first) .name,.own .name{position:absolute;clip-path:inset(50%);width:1px;height:1px;overflow:hidden}
.text{padding:9px 14px;border-radius:18px;background:var(--card);border:1px solid var(--line);white-space:pre-wrap;overflow-wrap:anywhere;text-align:start}
.dark .text{border-color:transparent}
.final .text{border-end-start-radius:5px}
.own .text{background:var(--accent);color:var(--on);border-color:transparent}
.own.final .text{border-end-start-radius:18px;border-end-end-radius:5px}
.own .text a{color:inherit}
.wait .text{opacity:.75}
.bad .text{opacity:1;background:var(--card);color:var(--ink);border:1px solid var(--bad)}
.pic{display:block;border-radius:16px;overflow:hidden;border:1px solid var(--line);background:var(--card)}
.pic img{display:block;max-width:100%;max-height:260px;min-width:80px;min-height:60px;object-fit:cover}
audio,video{max-width:100%;border-radius:12px}
.file{display:flex;align-items:center;gap:10px;min-height:52px;padding:8px 14px 8px 10px;border:1px solid var(--line);border-radius:16px;background:var(--card);color:var(--ink);text-decoration:none;max-width:100%;font-size:14px}
.file svg{color:var(--link)}
.file:hover .fname{text-decoration:underline}
.fname{overflow:hidden;text-overflow:ellipsis;white-space:nowrap;max-width:220px;display:block}
small{font-size:12px;color:var(--dim)}
.meta{font-size:12px;color:var(--dim);margin:1px 6px 2px;min-height:17px}
.meta:empty{display:none}
.meta b{color:var(--bad);font-weight:600}
.meta button{color:var(--link);text-decoration:underline;padding:14px 4px;margin:-14px 2px}
.system{align-self:center;text-align:center;max-width:86%;margin:12px 0 6px;font-size:13px;color:var(--dim);white-space:pre-wrap;unicode-bidi:plaintext}
.pills{display:flex;flex-wrap:wrap;gap:8px;margin:6px 0 6px 36px;animation:rise .25s}
.pill{min-height:44px;padding:6px 16px;border-radius:22px;border-color:color-mix(in srgb,var(--link) 45%,var(--line));background:var(--card);color:var(--link);font-weight:550;text-align:start;overflow-wrap:anywhere;transition:background .15s}
.pill:hover{background:var(--tint);border-color:var(--link)}
.solid{background:var(--accent);color:var(--on);border-color:transparent}
.solid:hover{background:var(--accent);filter:brightness(1.06)}
.solid.danger{background:#b3261e;color:#fff}
.dots{display:flex;gap:5px;padding:15px}
.dots i{width:7px;height:7px;border-radius:50%;background:var(--dim);animation:dot 1.2s infinite}
.dots i+i{animation-delay:.15s}
.dots i+i+i{animation-delay:.3s}
.empty{margin:auto!important;padding:16px;text-align:center;max-width:330px;animation:fade .3s}
.empty .face{width:68px;height:68px;margin:0 auto 18px}
.empty b{display:block;font-size:22px;line-height:1.25;font-weight:650;letter-spacing:-.02em;margin-bottom:8px;text-wrap:balance}
.empty p{color:var(--dim);text-wrap:balance}
.empty .pills{justify-content:center;margin:20px 0 0}
.ghost{height:44px;width:64%;border-radius:18px;background:linear-gradient(100deg,var(--line) 30%,var(--card) 50%,var(--line) 70%) 0/300% 100%;animation:shine 1.4s infinite linear;margin-top:8px}
.ghost:nth-child(2){width:46%;align-self:flex-end}
.rate{margin-top:14px;padding:18px 16px;border:1px solid var(--line);border-radius:18px;background:var(--card);text-align:center;animation:rise .25s}
.stars{display:flex;justify-content:center;margin:6px 0}
.stars button{width:48px;height:48px;display:grid;place-items:center;color:var(--dim);border-radius:50%}
.stars svg{width:30px;height:30px}
.stars .lit{color:#b7791f}
.dark .stars .lit{color:#f2c14e}
.lit svg{fill:currentColor}
.rate textarea{width:100%;min-height:66px;padding:10px 12px;border:1px solid var(--dim);border-radius:12px;background:var(--bg);margin-bottom:10px}
.acts{display:flex;justify-content:center;flex-wrap:wrap;gap:8px}
.latest{position:absolute;bottom:84px;left:50%;translate:-50%;min-height:44px;padding:0 16px 0 12px;border-radius:22px;display:flex;align-items:center;gap:6px;background:var(--card);border-color:var(--line);box-shadow:0 4px 16px #0003;font-size:14px;animation:rise .15s;z-index:1}
form{padding:10px 12px calc(10px + env(safe-area-inset-bottom));border-top:1px solid var(--line);background:var(--bg)}
.bar{display:flex;align-items:flex-end;border:1px solid var(--dim);border-radius:24px;padding:1px;transition:border-color .15s}
.bar:focus-within{border-color:var(--link);box-shadow:0 0 0 1px var(--link)}
.bar textarea{flex:1;min-width:0;resize:none;outline:0;padding:11px 2px;height:44px;max-height:132px;line-height:21px;font-size:16px;unicode-bidi:plaintext}
textarea::placeholder{color:var(--dim);opacity:1}
.go{background:var(--accent);color:var(--on);width:36px;height:36px;margin:4px;position:relative}
.go:after{content:"";position:absolute;inset:-5px}
.go:hover{background:var(--accent);color:var(--on);filter:brightness(1.08)}
.go.dull{background:var(--line);color:var(--dim);filter:none}
.chips{display:flex;flex-wrap:wrap;gap:6px}
.chips:not(:empty){margin-bottom:8px}
.chip{position:relative;display:flex;align-items:center;gap:6px;padding-inline-start:10px;border:1px solid var(--line);border-radius:12px;font-size:13px;max-width:100%;overflow:hidden}
.chip small{display:block}
.chip:after{content:"";position:absolute;bottom:0;inset-inline-start:0;height:3px;width:var(--done,0);background:var(--accent);transition:width .2s}
.chip.bad small{color:var(--bad)}
.chip .fname{max-width:180px}
.veil{position:absolute;inset:0;z-index:5;background:#0006;display:flex;align-items:flex-end;animation:fade .15s}
.sheet{flex:1;margin:12px;padding:22px;border-radius:18px;background:var(--card);text-align:center;animation:rise .2s}
.sheet p{margin-bottom:16px;text-wrap:balance}
@keyframes open{from{opacity:0;transform:translateY(14px) scale(.985)}}
@keyframes rise{from{opacity:0;transform:translateY(8px)}}
@keyframes fade{from{opacity:0}}
@keyframes dot{30%{transform:translateY(-4px)}60%{transform:none}}
@keyframes shine{to{background-position:-150% 0}}
@media(max-width:480px),(max-height:480px){
.panel.panel{inset:var(--top,0) 0 auto;width:100%;height:var(--high,100dvh);border:0;border-radius:0}
.opened .launcher{display:none}}
@media(prefers-reduced-motion:reduce){*,:before,:after{animation:none!important;transition:none!important}}
@media(forced-colors:active){.text,.face,.badge,.go,.launcher{border:1px solid}.lit svg{fill:Highlight}.bar{outline:1px solid}}
@media print{.box{display:none}}`;

  const WHITE = [255, 255, 255], BLACK = [0, 0, 0];
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((value) => ((value /= 255) <= 0.04 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (one, two) => {
    const [low, high] = [luminance(one), luminance(two)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const until = (ratio, rgb, ground, goal) => {
    while (contrast(rgb, ground) < ratio) rgb = rgb.map((value, i) => Math.round(value + (goal[i] - value) * 0.1 + Math.sign(goal[i] - value) * 0.5));
    return rgb;
  };
  const dusk = matchMedia("(prefers-color-scheme:dark)");
  const shade = () => {
    const dark = settings.theme === "dark" || (settings.theme !== "light" && dusk.matches);
    box.classList.toggle("dark", dark);
    const colour = (wish) => {
      box.style.color = "";
      box.style.color = wish;
      const found = box.style.color && getComputedStyle(box).color;
      box.style.color = "";
      return /^rgb/.test(found) && found.match(/[\d.]+/g).slice(0, 3).map(Number);
    };
    let accent = colour(getComputedStyle(host).getPropertyValue("--baton-accent")) || colour(settings.color) || [14, 107, 92];
    if (dark) accent = until(3, accent, [16, 20, 19], WHITE);
    const light = contrast(accent, WHITE) >= 3; // nearly enough: a little darker then, rather than black on it
    if (light) accent = until(4.5, accent, WHITE, BLACK);
    const link = dark ? until(5.5, accent, [33, 41, 39], WHITE) : until(5.5, accent, [246, 247, 245], BLACK);
    for (const [name, rgb] of Object.entries({ accent, link, on: light ? WHITE : BLACK })) box.style.setProperty("--" + name, `rgb(${rgb})`);
  };
  dusk.addEventListener("change", shade);

  // ---------------------------------------------------------------- the elements
  const host = document.createElement("baton-chat");
  const root = host.attachShadow({ mode: "open" });
  try {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
    root.adoptedStyleSheets = [sheet];
  } catch {
    root.append(el("style", { nonce: settings.nonce || script.nonce, textContent: CSS }));
  }
  const box = el(".box");
  const status = el(".sr", { role: "status" });
  const alarm = el(".sr", { role: "alert" });
  root.append(box, status, alarm);
  const say = (text, urgent) => {
    (urgent ? alarm : status).textContent = text;
  };
  const narrow = matchMedia("(max-width:480px),(max-height:480px)");
  let panel, face, sub, menu, menuButton, strip, log, latest, chips, picker, input, go, launcher, badge;
  let rows = new Map(), stuck = true, live = false;

  const build = () => {
    rows = new Map();
    box.lang = language();
    box.classList.toggle("start", settings.position === "start");
    menuButton = button("round", t("menu"), () => showMenu(menu.hidden), "more");
    menuButton.ariaExpanded = "false";
    menu = el(".menu", { hidden: true },
      button("item", t("fresh"), () => ask(t("sureFresh"), t("fresh"), () => send({ type: "new" }))),
      button("item", t("transcript"), () => showMenu(false) || download()),
      button("item.danger", t("erase"), () => ask(t("sureErase"), t("erase"), () => send({ type: "erase" }), "danger")));
    face = el(".face", { ariaHidden: "true" });
    sub = el("p.sub");
    strip = el(".strip", { role: "status" });
    log = el(".log", { role: "log", tabIndex: 0, ariaLabel: t("log"), ariaLive: "off", onscroll: scrolled });
    latest = el("button.latest", { type: "button", hidden: true, onclick: () => bottom() }, icon(...ICONS.down), t("latest"));
    chips = el(".chips");
    picker = el("input", { type: "file", multiple: true, hidden: true, onchange: () => (addFiles(picker.files), (picker.value = "")) });
    input = el("textarea", { rows: 1, placeholder: t("write"), ariaLabel: t("write"), dir: "auto", enterKeyHint: "send", value: input?.value || "", oninput: () => (fit(), tellTyping()), onkeydown: keyed, onpaste: pasted });
    go = button("round.go", t("send"), submit, "send");
    panel = el("section.panel", { id: "panel", role: "dialog", tabIndex: -1, hidden: !opened, ariaLabel: title(), onkeydown: trapped, ondragover: (event) => event.preventDefault(), ondrop: dropped },
      el("header", null, face, el(".who", null, el("h2", null, title()), sub), menuButton, button("round", t("close"), close, "close"), menu),
      strip, log, latest,
      el("form", { onsubmit: (event) => event.preventDefault() }, chips, picker,
        el(".bar", null, button("round", t("attach"), () => picker.click(), "clip"), input, go)));
    badge = el("span.badge", { ariaHidden: "true" });
    launcher = el("button.launcher", { type: "button", hidden: String(settings.launcher) === "false", onclick: toggle });
    launcher.setAttribute("aria-controls", "panel");
    box.replaceChildren(panel, launcher);
    shade();
    drawFiles();
    paint();
  };
  const title = () => settings.title || t("title");
  const initials = (name) => name.split(/\s+/).slice(0, 2).map((word) => [...word][0]).join("").toUpperCase();
  const portrait = (node, agent) => {
    node.classList.toggle("agent", Boolean(agent));
    node.replaceChildren(agent ? initials(agent) : icon(...ICONS.mark));
    return node;
  };
  const linked = (text, bold) => {
    const shape = /(\*\*[^*\n]+\*\*|https?:\/\/[^\s<>"]*[^\s<>".,;:!?)\]'*]|[\w.+-]+@[\w-]+(?:\.[\w-]+)+)/gi;
    return text.split(shape).map((part, i) => {
      if (!(i % 2)) return part;
      if (part[0] === "*") return bold ? el("strong", null, part.slice(2, -2)) : part;
      const href = safe(part.includes("://") ? part : "mailto:" + part);
      return href ? el("a", { href, target: "_blank", rel: "noopener noreferrer" }, part) : part;
    });
  };
  const attachment = ({ kind, url, name, size: bytes }) => {
    const href = safe(url);
    const link = { href: href || "#", target: "_blank", rel: "noopener noreferrer" };
    const plain = () => el("a.file", link, icon(...ICONS.file), el("span", null, el("span.fname", { dir: "auto" }, name), el("small", null, bytes ? size(bytes) : "")));
    if (!href || !["image", "audio", "video"].includes(kind)) return plain();
    if (kind !== "image") return el(kind, { src: href, controls: true, preload: "metadata", ariaLabel: name });
    const picture = el("a.pic", link, el("img", { src: href, alt: t("image", name), onload: () => stuck && bottom(), onerror: () => picture.replaceWith(plain()) }));
    return picture;
  };
  const messageRow = (message) => {
    const own = message.author === "customer";
    if (message.author === "system") return { node: el("p.system", null, ...linked(message.text)), update() {} };
    const who = own ? t("you") : message.name || t(message.author);
    const meta = el(".meta");
    const node = el(`.row.${own ? "own" : "theirs"}`, null,
      !own && portrait(el(".face", { ariaHidden: "true" }), message.author === "agent" && who),
      el(".body", null, el("span.name", null, who),
        message.text && el(".text", { dir: "auto" }, ...linked(message.text, !own)),
        ...(message.files || []).map(attachment), meta));
    let shown;
    const update = (now, { first, final, note }) => {
      node.classList.toggle("first", first);
      node.classList.toggle("final", final);
      node.classList.toggle("has", final || Boolean(note));
      node.classList.toggle("wait", Boolean(now.pending));
      node.classList.toggle("bad", Boolean(now.failed));
      const want = [now.failed, final, note].join();
      if (want === shown) return;
      shown = want;
      if (now.failed) {
        meta.replaceChildren(el("b", null, `${t("failed")}. ${now.failed} `),
          button("again", t("retry"), () => (post({ ...now, pending: undefined, failed: undefined }), flush(), draw(), input.focus())),
          button("drop", t("remove"), () => (unpost(now.id), draw(), input.focus())));
      } else meta.replaceChildren([final && clock(new Date(now.at)), note].filter(Boolean).join(" · "));
    };
    return { node, update };
  };
  const pills = (list, click, label) => el(".pills", { role: "group", ariaLabel: label }, ...list.map((item) => button("pill", item.title, () => click(item))));
  const emptyRow = () => el(".empty", null, portrait(el(".face", { ariaHidden: "true" })),
    el("b", null, settings.greeting || t("greeting")), el("p", null, t("empty")),
    settings.suggestions && pills(settings.suggestions.split("|").map((text) => ({ title: text.trim() })), (item) => (write({ text: item.title }), input.focus()), t("choices")));
  const typingRow = () => el(".row.theirs.final.first.new", { ariaHidden: "true" }, portrait(el(".face"), typist.agent),
    el(".body", null, el(".text.dots", null, el("i"), el("i"), el("i"))));
  const ratingRow = () => {
    let score = 0;
    const more = el("", { hidden: true });
    const note = el("textarea", { placeholder: t("comment"), ariaLabel: t("comment"), maxLength: 1000 });
    const stars = [1, 2, 3, 4, 5].map((n) => button("star", t("stars", n), () => {
      score = n;
      more.hidden = false;
      stars.forEach((star, i) => {
        star.classList.toggle("lit", i < n);
        star.ariaPressed = String(i + 1 === n);
      });
      bottom();
    }, "star"));
    more.append(note, button("pill.solid", t("send"), () => {
      send({ type: "rate", score, comment: note.value.trim() || undefined });
      rated = true;
      say(t("thanks"));
      draw();
      input.focus();
    }));
    return el(".rate", { role: "group", ariaLabel: t("rate") }, el("b", null, t("rate")), el(".stars", null, ...stars), more,
      el(".acts", null, button("pill", t("later"), () => ((rated = true), draw(), input.focus()))));
  };

  // ---------------------------------------------------------------- drawing
  const row = (key, make) => {
    if (!rows.has(key)) rows.set(key, make());
    return rows.get(key);
  };
  const conversation = () => {
    const known = [...messages.values()].sort((a, b) => a.seq - b.seq);
    const ids = new Set(known.map(({ id }) => id));
    const waiting = outbox().filter(({ id }) => !ids.has(id));
    return [...known, ...waiting.map((item) => ({ ...item, author: "customer", text: item.text || item.title, pending: true }))];
  };
  const wantedRows = () => {
    const all = conversation();
    const nodes = [];
    const together = (one, two) => one && two && one.author === two.author && one.name === two.name && Math.abs(new Date(one.at) - new Date(two.at)) < 3e5;
    const lastOwn = all.findLastIndex(({ author }) => author === "customer");
    all.forEach((message, i) => {
      const before = all[i - 1], after = all[i + 1], own = message.author === "customer";
      const date = new Date(message.at).toDateString();
      if (!before || date !== new Date(before.at).toDateString()) nodes.push(row("day " + date, () => el(".day", null, day(new Date(message.at)))));
      let note = "";
      if (message.pending) note = t("sending");
      else if (i === lastOwn) note = t(message.seq <= state.seen ? "seen" : "sent");
      const entry = row(message.id || message.seq, () => {
        const made = messageRow(message);
        if (live) made.node.classList.add("new");
        return made;
      });
      entry.update(message, { first: !together(before, message), final: !together(message, after), note: own ? note : "" });
      nodes.push(entry.node);
      if (message.choices?.length && i > lastOwn) {
        nodes.push(row("choices " + message.seq, () => pills(message.choices, ({ title, token: choice }) => (write({ choice, title }), input.focus()), t("choices"))));
      }
    });
    if (!all.length && !ever && session() && phase === "connecting") nodes.push(...[1, 2, 3].map((n) => row("ghost " + n, () => el(".ghost", { ariaHidden: "true" }))));
    else if (!all.length) nodes.push(row("empty", emptyRow));
    if (typist) nodes.push(row("typing " + typist.name, typingRow));
    if (state.rate && !rated) nodes.push(row("rate", ratingRow));
    return nodes;
  };
  const drawLog = () => {
    const nodes = wantedRows(), kept = new Set(nodes);
    for (const [key, value] of rows) if (!kept.has(value.node || value)) rows.delete(key);
    for (const node of [...log.children]) if (!kept.has(node)) node.remove();
    let at = log.firstChild;
    for (const node of nodes) {
      if (node === at) at = at.nextSibling;
      else log.insertBefore(node, at);
    }
    if (stuck) bottom();
    if (ever && !live) setTimeout(() => {
      live = ever;
      log.ariaLive = live ? "polite" : "off";
    }, 300);
    if (!ever) {
      live = false;
      log.ariaLive = "off";
    }
  };
  const drawHead = () => {
    const agent = state.owner === "agent" && (state.agent || t("agent"));
    let text = t("botSub");
    if (phase === "connecting") text = t("connecting");
    else if (agent) text = t("talking", agent);
    else if (state.owner === "queue") text = t("waiting");
    if (sub.textContent === text) return;
    if (agent) say(text);
    sub.textContent = text;
    portrait(face, agent);
  };
  const notice = () => {
    const again = () => {
      token = null;
      rejoin();
    };
    if (phase === "expired" || phase === "refused") return ["warn", t(phase), again];
    if (phase === "offline") return ["warn", t("offline")];
    const { owner, place, open, online, hours } = state;
    const leave = [open ? "" : t("away"), hours, t("leave")].filter(Boolean).join(" ");
    if (owner === "queue") {
      const line = place ? t(place === 1 ? "next" : "place", place) + " " : "";
      return ["calm", open && online ? line + t("queued") : line + leave, null, place];
    }
    return owner !== "agent" && !open && ["calm", leave];
  };
  const drawStrip = () => {
    const [kind, text, action, place] = notice() || [];
    if (strip.textContent === (place || "") + (text || "") + (action ? t("retry") : "")) return;
    strip.replaceChildren(...(text ? [el("." + kind, null, place && el("b.place", { ariaHidden: "true" }, String(place)), el("span", null, text), action && button("again", t("retry"), action))] : []));
  };
  const drawLauncher = () => {
    const before = unread;
    unread = reading() ? 0 : [...messages.values()].filter(({ author, seq }) => author !== "customer" && seq > state.read).length;
    badge.textContent = unread > 9 ? "9+" : unread;
    launcher.replaceChildren(icon(...(opened ? ICONS.down : ICONS.mark)), unread ? badge : "");
    launcher.ariaLabel = opened ? t("close") : t("open") + (unread ? ", " + t("unread", unread) : "");
    launcher.ariaExpanded = String(opened);
    if (unread === before) return;
    if (unread > before && !opened) say(t("unread", unread));
    emit("unread", unread);
  };
  const paint = () => {
    drawHead();
    drawStrip();
    drawLog();
    drawLauncher();
    for (const item of menu.children) item.disabled = phase !== "online";
    markRead();
  };
  let drawing = false;
  const draw = () => {
    if (drawing) return;
    drawing = true;
    queueMicrotask(() => {
      drawing = false;
      if (panel) paint();
    });
  };
  const setPhase = (now) => {
    phase = now;
    draw();
  };
  const drawFiles = () => {
    chips.replaceChildren(...files.map((entry) => {
      entry.node ||= el(".chip", null, icon(...ICONS.file), el("span", null, el("span.fname", { dir: "auto" }, entry.file.name), (entry.note = el("small"))),
        button("round", `${t("remove")}: ${entry.file.name}`, () => {
          entry.request?.abort();
          files.splice(files.indexOf(entry), 1);
          drawFiles();
          input.focus();
        }, "close"));
      entry.note.textContent = entry.error || (entry.sent ? size(entry.file.size) : Math.round(entry.done * 100) + " %");
      entry.node.classList.toggle("bad", Boolean(entry.error));
      entry.node.style.setProperty("--done", entry.sent || entry.error ? 0 : entry.done * 100 + "%");
      return entry.node;
    }));
    fit();
  };
  const fit = () => {
    input.style.height = "44px";
    input.style.height = Math.min(132, input.scrollHeight) + "px";
    input.maxLength = limits.text;
    go.classList.toggle("dull", !input.value.trim() && !files.some((file) => file.sent));
  };
  const bottom = () => {
    log.scrollTop = log.scrollHeight;
    stuck = true;
    latest.hidden = true;
  };
  function scrolled() {
    stuck = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
    latest.hidden = stuck;
    if (log.scrollTop < 120 && more && !asked && link?.ready) {
      asked = true;
      send({ type: "history", before: Math.min(...messages.keys()), limit: 30 });
    }
  }
  const quietly = (change) => { // what was there before stays where it is, and is not read out
    const below = log.scrollHeight - log.scrollTop;
    live = false;
    log.ariaLive = "off";
    change();
    paint();
    log.scrollTop = log.scrollHeight - below;
  };

  // ---------------------------------------------------------------- what people do
  const reading = () => opened && document.visibilityState === "visible";
  const markRead = () => {
    const newest = Math.max(0, ...messages.keys());
    if (!reading() || !link?.ready || phase !== "online" || newest <= state.read) return;
    state = { ...state, read: newest };
    send({ type: "read", seq: newest });
    draw();
  };
  const fill = () => {
    const full = opened && narrow.matches;
    box.classList.toggle("opened", opened);
    panel.ariaModal = full ? "true" : null;
    document.documentElement.style.overflow = full ? "hidden" : "";
    if (!window.visualViewport) return;
    box.style.setProperty("--high", visualViewport.height + "px");
    box.style.setProperty("--top", visualViewport.offsetTop + "px");
    if (stuck) bottom();
  };
  const show = (now, focus) => {
    if (opened === now) return;
    opened = now;
    panel.hidden = !now;
    try {
      sessionStorage.setItem(PREFIX + "open", now ? 1 : "");
    } catch {}
    fill();
    showMenu(false);
    paint();
    if (now) {
      connect();
      fit();
      bottom();
    }
    if (focus) (now ? (narrow.matches ? panel : input) : launcher).focus();
    emit(now ? "open" : "close");
  };
  const open = () => show(true, true);
  const close = () => show(false, true);
  const toggle = () => show(!opened, true);
  const showMenu = (now) => {
    menu.hidden = !now;
    menuButton.ariaExpanded = String(now);
    if (now) menu.querySelector("button:enabled")?.focus();
  };
  const ask = (text, label, action, kind = "") => {
    showMenu(false);
    const others = [...panel.children];
    const done = () => {
      veil.remove();
      others.forEach((node) => (node.inert = false));
      menuButton.focus();
    };
    const no = button("pill", t("cancel"), done);
    const yes = button(`pill.solid${kind && "." + kind}`, label, () => (done(), action()));
    const veil = el(".veil", { onkeydown: (event) => event.key === "Escape" && (event.stopPropagation(), done()) },
      el(".sheet", { role: "alertdialog", ariaModal: "true", ariaLabel: text }, el("p", null, text), el(".acts", null, no, yes)));
    others.forEach((node) => (node.inert = true));
    panel.append(veil);
    no.focus();
  };
  function keyed(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    submit();
  }
  function pasted(event) {
    if (!event.clipboardData.files.length) return;
    event.preventDefault();
    addFiles(event.clipboardData.files);
  }
  function dropped(event) {
    event.preventDefault();
    addFiles(event.dataTransfer.files);
  }
  function trapped(event) {
    if (event.key === "Escape") {
      event.stopPropagation();
      if (menu.hidden) return close();
      showMenu(false);
      menuButton.focus();
    }
    if (event.key !== "Tab" || !narrow.matches) return;
    const stops = [...panel.querySelectorAll("button,a,textarea,[tabindex='0']")].filter((node) => node.offsetParent && !node.disabled && !node.closest("[inert]"));
    const at = root.activeElement, from = event.shiftKey ? stops[0] : stops.at(-1);
    if (at !== from && !(event.shiftKey && at === panel)) return;
    event.preventDefault();
    (event.shiftKey ? stops.at(-1) : stops[0]).focus();
  }

  // ---------------------------------------------------------------- for the site
  const api = {
    open, close, toggle, signOut,
    identify: signIn,
    send: (text) => write({ text: String(text) }),
    on: (event, listener) => (listeners[event] ||= []).push(listener),
    setTheme: (theme) => ((settings.theme = theme), shade()),
    setLocale: (wanted) => (setLocale(wanted), build()),
    push: ([name, ...rest]) => api[name](...rest),
    get unread() {
      return unread;
    },
  };
  const begin = () => {
    document.body.append(host);
    build();
    new ResizeObserver(() => stuck && bottom()).observe(log);
    panel.ownerDocument.addEventListener("click", (event) => !menu.hidden && !event.composedPath().includes(menu) && !event.composedPath().includes(menuButton) && showMenu(false));
    window.visualViewport?.addEventListener("resize", fill);
    window.visualViewport?.addEventListener("scroll", fill);
    narrow.addEventListener("change", fill);
    const early = window.Baton;
    window.Baton = api;
    if (Array.isArray(early)) early.forEach(api.push);
    let before;
    try {
      before = sessionStorage.getItem(PREFIX + "open") && !narrow.matches;
    } catch {}
    if (on(settings.open) || before) show(true);
    else if (wanted()) setTimeout(connect);
  };
  if (document.body) begin();
  else addEventListener("DOMContentLoaded", begin);
})();
