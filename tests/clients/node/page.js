// Sends one of everything with @sentry/browser, and tells the page's own server what it sent.
import * as Sentry from "@sentry/browser";

const sent = {};
const replay = Sentry.replayIntegration({ minReplayDuration: 0, maskAllText: false });

function countingTransport(options) {
  const transport = Sentry.makeFetchTransport(options);
  return {
    ...transport,
    send(envelope) {
      for (const [headers] of envelope[1]) sent[headers.type] = (sent[headers.type] ?? 0) + 1;
      return transport.send(envelope);
    },
  };
}

// Client reports go when the page is left.
async function leave() {
  Object.defineProperty(document, "visibilityState", { value: "hidden" });
  document.dispatchEvent(new Event("visibilitychange"));
  await Sentry.flush(10_000);
}

async function sendTwoErrors() {
  Sentry.captureException(new Error("first"));
  await Sentry.flush(10_000);
  Sentry.captureException(new Error("second"));
  Sentry.captureFeedback({ message: "still allowed" });
  await leave();
  return { sent };
}

async function run() {
  const query = new URLSearchParams(location.search);
  Sentry.init({
    dsn: query.get("dsn"),
    release: "shop@1.2.3",
    environment: "staging",
    tracesSampleRate: 1.0,
    replaysSessionSampleRate: 1.0,
    enableLogs: true,
    transport: countingTransport,
    // A header of its own is what makes a browser ask first (a preflight).
    transportOptions: { headers: { "X-Requested-With": "page" } },
    integrations: [replay],
    beforeSend: (event) => (event.message === "dropped" ? null : event),
  });
  if (query.has("errors")) {
    await replay.stop();
    return sendTwoErrors();
  }
  Sentry.setTag("region", "eu");
  Sentry.setUser({ id: "42" });
  Sentry.captureMessage("dropped");
  document.querySelector("button").click();
  const traceId = Sentry.startSpan({ name: "checkout", op: "ui.action" }, (root) => {
    Sentry.startSpan({ name: "GET cart", op: "http.client", attributes: { rows: 3 } }, () => {});
    return root.spanContext().traceId;
  });
  Sentry.withScope((scope) => {
    scope.addAttachment({ filename: "every.bin", data: Uint8Array.from({ length: 256 }, (_, byte) => byte) });
    Sentry.captureException(new TypeError("no such cart: ünïcode"));
  });
  setTimeout(() => {
    throw new RangeError("nobody caught this");
  });
  Sentry.logger.info("cart opened", { cart: 7 });
  Sentry.metrics.count("carts", 2);
  await Sentry.sendFeedback(
    { message: "nice shop", name: "Jane", email: "jane@example.com" },
    { attachments: [{ filename: "screen.txt", data: "pixels" }], includeReplay: true },
  );
  const replayId = replay.getReplayId();
  await replay.stop();
  await leave();
  return { sent, traceId, replayId };
}

// A replay begins with a picture of the loaded page.
new Promise((loaded) => addEventListener("load", loaded))
  .then(run)
  .catch((error) => ({ failed: String(error.stack ?? error) }))
  .then((said) => fetch("/done", { method: "POST", body: JSON.stringify(said) }));
