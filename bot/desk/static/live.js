// The socket that hints: something changed, look. It tells the truth about itself (connected or not), comes back by
// itself with growing, jittered pauses, and after each gap has everything read anew.

const PING_EVERY = 25_000;
const DEAD_AFTER = 12_000;
const PAUSES = [500, 1000, 2000, 4000, 8000, 15_000];

/**
 * Events: `state` (detail: online | connecting | offline), `hint`, `presence`, `resync`, `pong`,
 * `signed-out`.
 */
export class Live extends EventTarget {
  #socket = null;
  #tries = 0;
  #timer = 0;
  #ping = 0;
  #answer = 0;
  #wanted = false;
  state = "offline";

  start() {
    this.#wanted = true;
    addEventListener("online", this.#again);
    document.addEventListener("visibilitychange", this.#visible);
    this.#connect();
  }

  stop() {
    this.#wanted = false;
    removeEventListener("online", this.#again);
    document.removeEventListener("visibilitychange", this.#visible);
    clearTimeout(this.#timer);
    clearInterval(this.#ping);
    this.#socket?.close();
    this.#socket = null;
  }

  typing(conversation, { note = false } = {}) {
    this.#send(note ? { type: "typing", conversation_id: conversation, note } : { type: "typing", conversation_id: conversation });
  }

  viewing(conversation) { this.#send({ type: "viewing", conversation_id: conversation }); }

  #send(frame) { if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame)); }

  /** Try now instead of after the pause. */
  hurry() { this.#again(); }

  #again = () => { if (this.state !== "online") { this.#tries = 0; this.#connect(); } };
  #visible = () => { if (!document.hidden) { this.#again(); this.#beat(); } };

  #connect() {
    clearTimeout(this.#timer);
    if (!this.#wanted || this.#socket?.readyState === WebSocket.CONNECTING) return;
    this.#set("connecting");
    const socket = (this.#socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/v1/live`));
    socket.onmessage = (event) => this.#take(JSON.parse(event.data));
    socket.onclose = (event) => { if (socket === this.#socket) this.#closed(event.code); };
  }

  #closed(code) {
    this.#socket = null;
    clearInterval(this.#ping);
    clearTimeout(this.#answer);
    this.#set("offline");
    if (code === 4401) return this.dispatchEvent(new Event("signed-out"));
    const pause = PAUSES[Math.min(this.#tries++, PAUSES.length - 1)];
    if (this.#wanted) this.#timer = setTimeout(() => this.#connect(), pause * (0.5 + Math.random()));
  }

  #take(frame) {
    clearTimeout(this.#answer);
    if (frame.type === "hello") {
      this.#tries = 0;
      this.#set("online");
      this.#ping = setInterval(() => this.#beat(), PING_EVERY);
      this.#emit("presence", { all: frame.presence });
      this.#emit("resync");
    } else if (["hint", "presence", "resync", "pong"].includes(frame.type)) this.#emit(frame.type, frame);
    else if (frame.type === "error") console.warn("live:", frame.code, frame.message);
  }

  #beat() {
    if (this.state !== "online") return;
    this.#send({ type: "ping" });
    clearTimeout(this.#answer);
    this.#answer = setTimeout(() => this.#socket?.close(), DEAD_AFTER); // a connection that died without a word
  }

  #set(state) {
    if (state === this.state) return;
    this.state = state;
    this.#emit("state", state);
  }

  #emit(name, detail) { this.dispatchEvent(new CustomEvent(name, { detail })); }
}
