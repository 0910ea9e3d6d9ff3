// A page whose bundle has the DSN of production; it reports what its address asks for, or what it is told to.
import * as Sentry from "@sentry/browser";

const PRODUCTION = "https://5e27be7a8d1c4f0e9b3a6c5d2f184e70@o1.ingest.sentry.io/1";
const query = new URLSearchParams(location.search);

globalThis.report = (dsn, cart) => {
  Sentry.init({ dsn, defaultIntegrations: false, release: "shop@1" });
  Sentry.setTag("region", "eu");
  Sentry.withScope((scope) => {
    if (query.has("bytes")) scope.addAttachment({ filename: "every.bin", data: Uint8Array.from({ length: 256 }, (_, byte) => byte) });
    Sentry.captureException(new TypeError(`no such cart: ${cart}`));
  });
  return Sentry.flush(60_000);
};

if (!query.has("quiet")) {
  const dsn = query.has("variable") ? globalThis.SENTRY_DSN : (query.get("dsn") ?? PRODUCTION);
  globalThis.report(dsn, query.get("cart") ?? location.pathname.split("/")[2]).then((sent) => (document.title = `sent ${sent}`));
}
