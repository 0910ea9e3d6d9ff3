// Fixtures for Playwright: an inbox for each test, and its pages report into it.
import { test as base } from "@playwright/test";
import { connect } from "./index.js";
import { MAIN } from "./nouns.js";

export { expect } from "@playwright/test";

/** Paths to which SDKs in pages report, whatever Sentry they report to; their query names the DSN's key. */
const INGEST = /\/api\/\d+\/(envelope|store|security|csp-report|minidump|cron\/.*|integration\/otlp\/.*)\/?$/;

/** Nouns that are attached when a test fails: those under which each thing stands once. */
const ATTACHED = Object.keys(MAIN).filter((noun) => !["events", "spans", "traces", "envelopes", "items"].includes(noun));

export const test = base.extend({
  sentryServer: [undefined, { option: true, scope: "worker" }],
  sentryReroute: [true, { option: true }],

  sentry: [
    async ({ sentryServer }, use) => {
      const { url, ...options } = typeof sentryServer === "object" ? sentryServer : { url: sentryServer };
      await use(await connect(url, options));
    },
    { scope: "worker" },
  ],

  sentryInbox: async ({ sentry }, use, testInfo) => {
    const name = `worker ${testInfo.parallelIndex}`;
    const inbox = await sentry.inbox({ name, test: testInfo.titlePath.join(" › ").slice(0, 1000) });
    await use(inbox);
    try {
      if (testInfo.status !== testInfo.expectedStatus) await attach(testInfo, inbox);
    } finally {
      await inbox.close();
    }
  },

  sentryDsn: async ({ sentryInbox }, use) => use(sentryInbox.dsn),

  context: async ({ context, sentryInbox, sentryReroute }, use) => {
    await reportTo(sentryInbox, context, { reroute: sentryReroute });
    await use(context);
  },
});

/** Have the pages of a browser context report into an inbox; the fixture does so for its own context. */
export async function reportTo(inbox, context, { reroute = true } = {}) {
  await context.addInitScript((dsn) => {
    globalThis.SENTRY_DSN = dsn;
  }, inbox.dsn);
  if (!reroute) return;
  const own = `${inbox.url}/`;
  await context.route(
    (url) => INGEST.test(url.pathname) && url.searchParams.has("sentry_key") && !url.href.startsWith(own),
    async (route) => {
      const asked = new URL(route.request().url());
      try {
        await route.fulfill({ response: await route.fetch({ url: inbox.url + asked.pathname.match(INGEST)[0] + asked.search }) });
      } catch {
        // The page was closed meanwhile, or a fault cut the connection.
        await route.abort().catch(() => {});
      }
    },
  );
}

async function attach(testInfo, inbox) {
  const text = (await inbox.show()) || (await inbox.explain());
  await testInfo.attach("Captured Sentry", { body: text, contentType: "text/plain" });
  const { counts } = await inbox.counts();
  const came = {};
  for (const noun of ATTACHED) if (counts[noun]) came[noun] = await inbox[noun].where();
  const all = { ...came, findings: (await inbox.findings()).items };
  await testInfo.attach("Captured Sentry (JSON)", { body: JSON.stringify(all, null, 2), contentType: "application/json" });
}
