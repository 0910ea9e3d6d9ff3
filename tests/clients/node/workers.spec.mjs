// 200 tests in 8 workers: each finds what was reported with its own DSN, and nothing of the others. The page stays
// the same for all tests of a worker, and all pages are in one browser, so that two cores are enough.
import { expect, test as base } from "sentryintegration/playwright";

const test = base.extend({
  shop: [
    async ({ browser }, use) => {
      const page = await browser.newPage();
      await page.goto(`${process.env.SHOP}/?quiet`);
      await use(page);
      await page.close();
    },
    { scope: "worker" },
  ],
});

for (let number = 0; number < 200; number++)
  test(`cart ${number}`, async ({ shop, sentryInbox, sentryDsn }) => {
    await shop.evaluate(([dsn, cart]) => globalThis.report(dsn, cart), [sentryDsn, number]);
    expect((await sentryInbox.errors.find({ timeout: 60_000 })).text).toBe(`no such cart: ${number}`);
  });
