// Opens a report from the disk in the system's Chromium, does what SCENARIO says, and prints what was seen as JSON.
// node report.mjs CHROMIUM FILE_URL SCENARIO [ARGUMENT]
import { chromium } from "playwright-core";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const [program, url, scenario, argument] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath: program, args: ["--no-sandbox"] });
const requests = [];
const said = [];

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
    await page.locator(".miss a").first().click();
    await page.locator(".frame[open] .line").first().waitFor();
    const lines = await page.locator(".exception").first().textContent();
    await page.keyboard.press("Escape");
    await page.locator("article.test h2").waitFor();
    return { test, differs, line: lines.includes(argument), said, elsewhere: elsewhere() };
  },
  async tests() {
    const page = await open();
    const names = await texts(page, ".row.test .name");
    await page.locator("#filter").fill(argument);
    await page.waitForFunction((count) => document.querySelectorAll(".row.test").length < count, names.length);
    return { names, kept: await texts(page, ".row.test .name"), said };
  },
  async accessible() {
    const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
    const found = {};
    for (const colorScheme of ["light", "dark"])
      for (const [name, hash] of Object.entries(JSON.parse(argument))) {
        const page = await open(hash, { colorScheme });
        await page.waitForTimeout(300);
        await page.evaluate(axe);
        const { violations } = await page.evaluate(() => axe.run());
        found[`${name}, ${colorScheme}`] = violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html.slice(0, 120)).join(" | ")}`);
        await page.context().close();
      }
    return { found, elsewhere: elsewhere() };
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
  async many() {
    const before = performance.now();
    const page = await open();
    const listed = performance.now() - before;
    return { listed, drawn: await page.locator(".row").count(), said };
  },
  // The pictures of the documentation.
  async pictures() {
    for (const colorScheme of ["light", "dark"])
      for (const [name, hash] of [["test", ""], ["miss", "miss"]]) {
        const page = await open("", { colorScheme, viewport: { width: 1200, height: 640 } });
        await page.locator("article.test h2").waitFor();
        if (hash) {
          await page.locator(".miss a").first().click();
          await page.locator(".frame[open] .line").first().waitFor();
        }
        await page.waitForTimeout(200);
        await page.screenshot({ path: `${argument}/report-${name}-${colorScheme}.png` });
      }
    return {};
  },
};

try {
  console.log(JSON.stringify(await scenarios[scenario]()));
} finally {
  await browser.close();
}
