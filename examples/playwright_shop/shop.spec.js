import { expect, test } from "sentryintegration/playwright";

test("a cart that is gone is reported", async ({ page, sentryInbox }) => {
  await page.goto("/?cart=7");

  const error = await sentryInbox.errors.find("no such cart: 7");
  expect(error.exception.type).toBe("TypeError");
});
