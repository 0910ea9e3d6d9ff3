// The shop's page: orders a kettle, and tells its own server when all that it reports is sent.
import * as Sentry from "@sentry/browser";

const { dsn, api, lifecycle, targets } = Object.fromEntries(new URLSearchParams(location.search));

Sentry.init({
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

const done = await Sentry.startSpan({ name: "buy", op: "ui.action" }, async (span) => {
  const { traceId } = span.spanContext();
  try {
    const ordered = await fetch(`${api}/orders`, { method: "POST" });
    return { traceId, left: await ordered.text() };
  } catch (error) {
    return { traceId, failed: String(error) };
  }
});
// The SDK ends the span of a request a little later, with the timings of the browser.
await new Promise((sent) => setTimeout(sent, 100));
await Sentry.flush(10_000);
// Not by fetch, which would be a request of this trace, too.
navigator.sendBeacon("/done", JSON.stringify(done));
