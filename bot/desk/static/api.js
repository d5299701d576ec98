// Every request to the server goes through here: the session's csrf value, errors as one kind, and no lost cause
// retried. Nothing here knows what is on the screen.

const BASE = "/api/v1";
let csrf = "";

/** What the server refused, or could not be asked: `status` 0 means that it was not reached. */
export class ApiError extends Error {
  constructor(status, code, message, fields = {}) {
    super(message);
    Object.assign(this, { status, code, fields });
  }
  get offline() { return this.status === 0 || this.status === 502 || this.status === 503 || this.status === 504; }
}

/** Fires `signed-out` when the server does not know us any more. */
export const session = new EventTarget();

export function setCsrf(value) { csrf = value; }

async function ask(method, path, body, { signal, keepalive, raw } = {}) {
  const headers = {};
  if (method !== "GET") headers["x-csrf-token"] = csrf;
  if (body !== undefined && !raw) headers["content-type"] = "application/json";
  let response;
  try {
    response = await fetch(BASE + path, {
      method, headers, signal, keepalive, credentials: "same-origin", cache: "no-store",
      body: body === undefined ? undefined : raw ? body : JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, "offline", "The server cannot be reached.");
  }
  if (response.status === 204) return null;
  let data = null;
  try { data = await response.json(); } catch { /* a proxy's page */ }
  if (response.ok) return data;
  const { code = "error", message = `The server answered ${response.status}.`, ...fields } = data?.error ?? {};
  if (response.status === 401 && path !== "/session") session.dispatchEvent(new Event("signed-out"));
  throw new ApiError(response.status, code, message, fields);
}

const query = (values) => {
  const kept = Object.entries(values ?? {}).filter(([, value]) => value !== "" && value != null);
  return kept.length ? "?" + new URLSearchParams(kept) : "";
};

export const api = {
  get: (path, values, options) => ask("GET", path + query(values), undefined, options),
  post: (path, body = {}, options) => ask("POST", path, body, options),
  put: (path, body = {}, options) => ask("PUT", path, body, options),
  patch: (path, body = {}, options) => ask("PATCH", path, body, options),
  delete: (path, body) => ask("DELETE", path, body),
  /** Upload one file for a message of this conversation; returns its view with `id`. */
  upload: (conversation, file, options) =>
    ask("POST", `/conversations/${conversation}/files` + query({ name: file.name }), file, { ...options, raw: true }),
};
