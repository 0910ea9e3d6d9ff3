// What goes wrong when a fake Sentry is asked.

/** What was expected did not come, or came and should not have. The message is the server's. */
export class AssertionError extends Error {
  constructor({ text, nearest = [], reasons = [] }) {
    super(text);
    this.name = "AssertionError";
    this.nearest = nearest;
    this.reasons = reasons;
  }
}

/** The server refused the question: it is wrong (400), not for this client (401, 403), its inbox is closed (404), ... */
export class RequestError extends Error {
  constructor(status, text) {
    super(text);
    this.name = "RequestError";
    this.status = status;
  }
}

/** No fake Sentry answers at that address. */
export class UnreachableError extends Error {
  constructor(url, why, options) {
    super(`no fake Sentry answers at ${url} (${why}); this starts one: sentryintegration serve`, options);
    this.name = "UnreachableError";
  }
}
