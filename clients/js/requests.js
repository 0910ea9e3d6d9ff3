// Requests to the captured API, and what their answers mean.
import { AssertionError, RequestError, UnreachableError } from "./errors.js";

/** Milliseconds that the server may take beside the time for which it is asked to wait. */
const GRACE = 30_000;

/** What never ends: a stream. */
export const ENDLESS = Infinity;

/** Whether the server may answer later: it is not there, its Redis is away for a moment, or a proxy stands before what starts. */
export const mayAnswerLater = (error) => error instanceof UnreachableError || [502, 503, 504].includes(error.status);

export class Requests {
  constructor(url, { token, headers, signal }) {
    this.url = url;
    this.signal = signal;
    this.headers = new Headers(headers);
    if (token && !this.headers.has("authorization")) this.headers.set("authorization", `Bearer ${token}`);
  }

  /**
   * Ask for a path below the address of the server, with pairs of names and texts as its query.
   * `wait`: milliseconds for which the server is asked to wait. Resolves to a Response with status 2xx.
   */
  async ask(method, path, { pairs = [], body, headers = {}, signal, wait = 0 } = {}) {
    const query = new URLSearchParams(pairs).toString();
    const limit = wait === ENDLESS ? undefined : AbortSignal.timeout(Math.ceil(wait) + GRACE);
    const signals = [this.signal, signal, limit].filter(Boolean);
    const init = { method, headers: new Headers(this.headers), redirect: "error" };
    for (const [name, text] of Object.entries(headers)) init.headers.set(name, text);
    if (body !== undefined) {
      init.body = JSON.stringify(body);
      init.headers.set("content-type", "application/json");
    }
    let response;
    try {
      response = await fetch(`${this.url}${path}${query && `?${query}`}`, { ...init, signal: AbortSignal.any(signals) });
    } catch (error) {
      throw this.unreachable(error, signal, limit);
    }
    if (!response.ok) throw await refusal(response);
    return response;
  }

  /** Return what to throw for an error of `fetch`: the caller's own reason where the caller ended it. */
  unreachable(error, signal, limit) {
    if (this.signal?.aborted || signal?.aborted) return error;
    const why = limit?.aborted ? "it takes too long" : (error.cause?.code ?? error.cause?.message ?? error.message);
    return new UnreachableError(this.url, why, { cause: error });
  }
}

async function refusal(response) {
  const text = await response.text();
  let said = {};
  try {
    said = JSON.parse(text);
  } catch {
    // A proxy, or another server.
  }
  if (typeof said.text === "string") return new AssertionError(said);
  const place = `${response.status} of ${new URL(response.url).pathname}`;
  return new RequestError(response.status, said.error ?? said.detail ?? `${place}: ${text.slice(0, 200)}`);
}
