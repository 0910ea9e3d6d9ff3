// Opens the viewer in the system's Chromium, does what SCENARIO says, and prints what was seen as one line of JSON.
// node drive.mjs CHROMIUM URL SCENARIO [ARGUMENT]
import { chromium } from "playwright-core";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const [program, url, scenario, argument] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const browser = await chromium.launch({ executablePath: program, args: ["--no-sandbox"] });

async function open(hash = "", options = {}) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 800 }, ...options });
  const page = await context.newPage();
  page.said = [];
  page.on("pageerror", (error) => page.said.push(`pageerror: ${error.message}`));
  page.on("dialog", (dialog) => (page.said.push(`dialog: ${dialog.message()}`), dialog.dismiss()));
  page.requests = [];
  page.on("request", (request) => page.requests.push(request.url()));
  await page.goto(`${url}/${hash}`);
  return page;
}

const labels = (page) => page.locator(".row .label").allTextContents();
const rows = (page, count) => page.waitForFunction((n) => document.querySelectorAll(".row").length >= n, count);
const post = (path, body) => fetch(`${url}${path}`, { method: "POST", body });
const message = (text, more = {}) =>
  post(`/api/1/envelope/?sentry_key=${"a".repeat(32)}`, `{}\n{"type":"event"}\n${JSON.stringify({ message: text, ...more })}`);

const violations = async (page) => {
  // The policy of the page lets no script in; the tool is put there by the debugger.
  await page.evaluate(axe);
  const found = await page.evaluate(() => axe.run());
  return found.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html.slice(0, 120)).join(" | ")}`);
};

const scenarios = {
  async arrival() {
    const page = await open();
    await page.getByText("Nothing has come yet").waitFor();
    await message("first");
    await rows(page, 1);
    await message("second");
    await rows(page, 2);
    return { labels: await labels(page), said: page.said, elsewhere: page.requests.filter((one) => !one.startsWith(url) && !one.startsWith("data:")) };
  },
  async filter() {
    const page = await open();
    await rows(page, 3);
    await page.keyboard.press("/");
    await page.keyboard.type("tag:graph=g1 -noun:transaction");
    await page.waitForFunction(() => document.querySelectorAll(".row").length === 1);
    const kept = await page.evaluate(() => location.hash);
    const again = await open(kept);
    await rows(again, 1);
    return { labels: await labels(page), hash: decodeURIComponent(kept), again: await labels(again) };
  },
  async keyboard() {
    const page = await open();
    await rows(page, 3);
    await page.keyboard.press("j");
    for (let step = 0; step < 10 && !(await page.locator(".row.active .noun").textContent())?.includes("error"); step++) await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await page.locator(".exception .frame[open] .line").first().waitFor();
    const line = await page.locator(".exception .frame[open] .line code").first().textContent();
    await page.keyboard.press("t");
    await page.locator(".trace .span").first().waitFor();
    const spans = await page.locator(".trace .span .name a").allTextContents();
    await page.keyboard.press("Escape");
    await page.locator(".exception").first().waitFor();
    await page.keyboard.press("Escape");
    await page.waitForFunction(() => !document.querySelector("aside") && document.activeElement.matches(".row.active a"));
    await page.goBack();
    await page.locator(".exception").first().waitFor();
    return { line, spans: spans.map((text) => text.replace(/\s+/g, " ").trim()), said: page.said };
  },
  async hostile() {
    const page = await open();
    await rows(page, 1);
    const count = await page.locator(".row").count();
    for (let place = 0; place < count; place++) {
      await page.locator(".row a").nth(place).click();
      await page.locator("article h2").waitFor();
      await page.evaluate(() => document.querySelectorAll("details").forEach((one) => (one.open = true)));
    }
    return { count, said: page.said, ran: await page.evaluate(() => globalThis.ran ?? null), images: await page.locator("#app img, #app iframe, #app script").count() };
  },
  async policy() {
    const page = await open();
    await page.evaluate((text) => (document.querySelector("#app").innerHTML = text), argument);
    await page.waitForTimeout(300);
    return { ran: await page.evaluate(() => globalThis.ran ?? null) };
  },
  async pause() {
    const page = await open();
    await rows(page, 1);
    await page.keyboard.press("p");
    await message("held back");
    await page.getByText("paused, 1 more came").waitFor();
    const during = await labels(page);
    await page.keyboard.press("p");
    await rows(page, 2);
    return { during, after: await labels(page) };
  },
  async accessible() {
    const found = {};
    for (const colorScheme of ["light", "dark"]) {
      for (const [name, hash] of Object.entries(JSON.parse(argument))) {
        const page = await open(hash, { colorScheme });
        await page.waitForTimeout(300);
        found[`${name}, ${colorScheme}`] = await violations(page);
      }
    }
    return found;
  },
  async many() {
    const before = performance.now();
    const page = await open();
    await rows(page, 10);
    const listed = performance.now() - before;
    const again = performance.now();
    await page.locator("#filter").fill(argument);
    await page.waitForFunction((text) => document.querySelector(".row .label")?.textContent.includes(text), argument);
    return { listed, filtered: performance.now() - again, drawn: await page.locator(".row").count() };
  },
};

try {
  console.log(JSON.stringify(await scenarios[scenario]()));
} finally {
  await browser.close();
}
