// Sends one of everything with @sentry/node, and says what it sent.
import * as Sentry from "@sentry/node";

const sent = {};
Sentry.init({
  dsn: process.env.SENTRY_DSN,
  release: "shop@1.2.3",
  environment: "staging",
  tracesSampleRate: 1.0,
  enableLogs: true,
  beforeSend: (event) => (event.message === "dropped" ? null : event),
});
const client = Sentry.getClient();
client.on("beforeEnvelope", ([, items]) => {
  for (const [headers] of items) sent[headers.type] = (sent[headers.type] ?? 0) + 1;
});

Sentry.setTag("region", "eu");
Sentry.setUser({ id: "42", email: "jane@example.com" });
Sentry.addBreadcrumb({ category: "auth", message: "logged in" });
Sentry.captureMessage("spec failed", "warning");
Sentry.captureMessage("dropped");
Sentry.withScope((scope) => {
  scope.addAttachment({ filename: "query.sql", data: "DROP TABLES ;\n" });
  scope.addAttachment({ filename: "every.bin", data: Uint8Array.from({ length: 256 }, (_, byte) => byte) });
  Sentry.captureException(new TypeError("no such cart: ünïcode", { cause: new Error("inner") }));
});
let traceId;
Sentry.startSpan({ name: "checkout", op: "http.server" }, (root) => {
  traceId = root.spanContext().traceId;
  Sentry.startSpan({ name: "SELECT * FROM cart", op: "db.query", attributes: { rows: 3 } }, () => {});
  Sentry.startSpan({ name: "GET cart", op: "cache.get" }, () => {});
  Sentry.logger.info("cart opened", { cart: 7 });
});
Sentry.logger.warn(Sentry.logger.fmt`cart ${7} is slow`);
Sentry.metrics.count("carts", 2);
Sentry.metrics.gauge("queue", 5);
Sentry.metrics.distribution("latency", 12.5, { unit: "millisecond" });
const checkInId = Sentry.captureCheckIn(
  { monitorSlug: "nightly", status: "in_progress" },
  { schedule: { type: "crontab", value: "0 3 * * *" } },
);
Sentry.captureCheckIn({ checkInId, monitorSlug: "nightly", status: "ok", duration: 1.5 });
Sentry.captureFeedback({ message: "nice shop", name: "Jane", email: "jane@example.com", url: "http://shop/cart" });
await Sentry.flush(10_000);
// The session ends, and the client report is sent, when nothing is left to do.
process.on("exit", () => console.log(JSON.stringify({ sent, traceId, checkInId })));
