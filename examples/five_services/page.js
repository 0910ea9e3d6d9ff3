// The shop's page: orders a kettle, and tells its own server when all that it reports is sent.
import * as Sentry from "@sentry/browser";

const { dsn, api, lifecycle, order, targets } = Object.fromEntries(new URLSearchParams(location.search));

const client = Sentry.init({
  dsn,
  release: "page@1",
  tracesSampleRate: 1.0,
  traceLifecycle: lifecycle,
  propagateTraceparent: true,
  tracePropagationTargets: [targets ?? api],
  integrations: [
    Sentry.browserTracingIntegration({
      instrumentPageLoad: false,
      instrumentNavigation: false,
      enableLongTask: false,
      enableLongAnimationFrame: false,
    }),
  ],
});

// The SDK may end the span of a request after the answer: it waits for the timings of the browser.
const requestEnded = new Promise((ended) => {
  client.on("afterSpanEnd", (span) => {
    if (Sentry.spanToJSON(span).attributes["sentry.op"] === "http.client") ended();
  });
});

const done = await Sentry.startSpan({ name: "buy", op: "ui.action" }, async (span) => {
  const { traceId } = span.spanContext();
  try {
    const ordered = await fetch(`${api}/orders`, { method: "POST" });
    return { order, traceId, left: await ordered.text() };
  } catch (error) {
    return { order, traceId, failed: String(error) };
  }
});
await requestEnded;
await Sentry.flush(60_000);
// Not by fetch, which would be a request of this trace, too.
navigator.sendBeacon("/done", JSON.stringify(done));
