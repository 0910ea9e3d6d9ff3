// Opens a report from the disk in the system's Chromium, does what SCENARIO says, and prints what was seen as JSON.
// node report.mjs CHROMIUM [FILE_URL SCENARIO [ARGUMENT]]
import { browser, take } from "./turns.mjs";
import { readFileSync } from "node:fs";

let url, argument, requests, said;

async function open(hash = "", options = {}) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 800 }, ...options });
  const page = await context.newPage();
  page.on("pageerror", (error) => said.push(`pageerror: ${error.message}`));
  page.on("dialog", (dialog) => (said.push(`dialog: ${dialog.message()}`), dialog.dismiss()));
  page.on("request", (request) => requests.push(request.url()));
  await page.goto(`${url}${hash}`);
  await page.locator(".row, .empty").first().waitFor();
  return page;
}

const elsewhere = () => requests.filter((one) => !one.startsWith(url) && !one.startsWith("data:"));
const texts = async (page, where) => (await page.locator(where).allTextContents()).map((text) => text.replace(/\s+/g, " ").trim());

const scenarios = {
  // The first action was to open the file: the first failed test is open, with its nearest miss.
  async walk() {
    const page = await open();
    await page.locator("article.test h2").waitFor();
    const test = await texts(page, "article.test h2");
    const differs = await texts(page, ".miss tbody tr");
    const traces = await texts(page, 'article.test a[href*="trace"]');
    await page.locator(".miss a").first().click();
    await page.locator(".frame[open] .line").first().waitFor();
    const lines = await page.locator(".exception").first().textContent();
    const [, source] = (await texts(page, ".frame[open] .line"))[0].match(/^\d* ?(.*)$/);
    await page.keyboard.press("t");
    await page.locator(".trace .span").first().waitFor();
    const services = (await texts(page, ".span .service")).length;
    await page.keyboard.press("Escape");
    await page.keyboard.press("Escape");
    await page.locator("article.test h2").waitFor();
    return { test, differs, traces, line: lines.includes(argument), source, services: services > 0, said, elsewhere: elsewhere() };
  },
  async tests() {
    const page = await open();
    const names = await texts(page, ".row.test .name");
    await page.locator("#filter").fill(argument);
    await page.waitForFunction((count) => document.querySelectorAll(".row.test").length < count, names.length);
    return { names, kept: await texts(page, ".row.test .name"), said };
  },
  async bytes() {
    const page = await open(argument);
    await page.getByText("Envelope, as it was sent").click();
    const begins = (await page.locator(".bytes").textContent()).slice(0, 11);
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByText("download it").click()]);
    return { begins, downloaded: readFileSync(await download.path(), "utf8").startsWith(begins), said };
  },
  async hostile() {
    const page = await open();
    const tests = await page.locator(".row.test").count();
    for (let place = 0; place < tests; place++) {
      await page.locator(".row.test a").nth(place).click();
      await page.locator("article.test h2").waitFor();
      for (const link of await page.locator("article.test ul.sent a").all()) {
        await link.click();
        await page.locator("article:not(.test) h2").waitFor();
        await page.evaluate(() => document.querySelectorAll("details").forEach((one) => (one.open = true)));
        await page.keyboard.press("Escape");
        await page.locator("article.test h2").waitFor();
      }
    }
    const asked = elsewhere();
    // Were something not escaped: the policy in the file holds, too.
    await page.evaluate((text) => document.querySelector("article").insertAdjacentHTML("beforeend", text), argument);
    await page.waitForTimeout(200);
    return { tests, ran: await page.evaluate(() => globalThis.ran ?? null), said, elsewhere: asked };
  },
  async printed() {
    const page = await open("#open=test:0");
    await page.emulateMedia({ media: "print" });
    const pdf = await page.pdf();
    const seen = (where) => page.locator(where).first().isVisible();
    return { pdf: pdf.length > 1000, failure: await seen("article.test .failure"), buttons: await seen(".top button"), said };
  },
  async all() {
    const page = await open("#by=all");
    await page.locator(".row .label").first().waitFor();
    const labels = await texts(page, ".row .label");
    await page.evaluate(() => (location.hash = "open=test:0"));
    await page.locator("article.test h2").waitFor();
    return { labels, wide: await page.locator("aside").evaluate((one) => one.scrollWidth > one.clientWidth), said };
  },
  async many() {
    const before = performance.now();
    const page = await open();
    const listed = performance.now() - before;
    return { listed, drawn: await page.locator(".row").count(), said };
  },
};

await take((...asked) => {
  let scenario;
  [url, scenario, argument] = asked;
  [requests, said] = [[], []];
  return scenarios[scenario]();
});
