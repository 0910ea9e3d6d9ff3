// The shop's API, a Node service: takes an order, and has the stock reserve it.
import * as Sentry from "@sentry/node";

Sentry.init({
  dsn: process.env.SENTRY_DSN,
  serverName: "api",
  release: "api@1",
  tracesSampleRate: 1.0,
  traceLifecycle: process.env.TRACE_LIFECYCLE,
  propagateTraceparent: true,
});
if (process.env.FLUSH_EVERY) setInterval(() => Sentry.flush(), 1000 * process.env.FLUSH_EVERY);

const { createServer } = await import("node:http");

const server = createServer(async (request, response) => {
  const reserved = await fetch(`${process.env.STOCK_URL}/reserve`, { method: "POST" });
  response.end(await reserved.text());
});
server.listen(0, "127.0.0.1", () => console.log("listening on", server.address().port));
