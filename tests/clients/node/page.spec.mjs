// How a page learns the DSN, and what a failing test leaves.
import { expect, reportTo, test } from "sentryintegration/playwright";

const shop = process.env.SHOP;

test("a page with the DSN of production is heard, with every byte", async ({ page, sentryInbox }) => {
  await page.goto(`${shop}/?cart=production&bytes`);
  const error = await sentryInbox.errors.find(TypeError, { release: "shop@1" });
  expect(Array.from(await error.attachments["every.bin"].bytes())).toEqual(Array.from({ length: 256 }, (_, byte) => byte));
  await expect(page).toHaveTitle("sent true");
});

test("a page reads the DSN in a variable, or is given it in its address", async ({ page, sentryInbox, sentryDsn }) => {
  await page.goto(`${shop}/?cart=variable&variable`);
  await page.goto(`${shop}/?cart=address&dsn=${encodeURIComponent(sentryDsn)}`);
  const carts = (await sentryInbox.errors.wait(2)).map((error) => error.text);
  expect(carts).toEqual(["no such cart: variable", "no such cart: address"]);
});

test("a fault is what the page meets", async ({ page, sentryInbox }) => {
  await sentryInbox.faults.set({ status: { code: 503 } });
  await page.goto(`${shop}/?cart=lost`);
  await sentryInbox.refused.find({ status: 503 });
  await sentryInbox.errors.none();
});

test.describe("without rerouting", () => {
  test.use({ sentryReroute: false });
  test("only what has the inbox's DSN is heard", async ({ page, context, sentryInbox }) => {
    const asked = [];
    await context.route("https://*.sentry.io/**", (route) => (asked.push(route.request().url()), route.abort()));
    await page.goto(`${shop}/?cart=production`);
    await expect.poll(() => asked.length).toBe(1);
    await page.goto(`${shop}/?cart=variable&variable`);
    expect((await sentryInbox.errors.find()).text).toBe("no such cart: variable");
  });
});

test("another context reports where it is told to", async ({ browser, sentry, sentryInbox }) => {
  const other = await sentry.inbox({ name: "other" });
  const context = await browser.newContext();
  await reportTo(other, context);
  await (await context.newPage()).goto(`${shop}/?cart=other`);
  expect((await other.errors.find()).text).toBe("no such cart: other");
  await sentryInbox.errors.none();
  await context.close();
  await other.close();
});

test("a failing one", async ({ page, sentryInbox }) => {
  await page.goto(`${shop}/?cart=7`);
  await sentryInbox.errors.find("no such cart: 8", { timeout: 500 });
});

test("a failing one without anything", async ({ sentryInbox }) => {
  await sentryInbox.errors.find({ timeout: 10 });
});
