// Has axe-core look at views of the page, light and dark: node axe.mjs CHROMIUM VIEWS, and prints its objections as JSON.
// VIEWS is a list of {name, url, hash, state}; a state is one of those below.
import { chromium } from "playwright-core";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const [program, views] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const browser = await chromium.launch({ executablePath: program, args: ["--no-sandbox"] });
const never = () => {};
const summary = { number: 1, inbox: "strays", received: "2026-11-26T12:00:00Z", project_id: "1", test: "", items: [{ noun: "messages", label: "'before'", text: "before" }] };
const streamed = (body) => ({ status: 200, contentType: "text/event-stream", body });

// What is done before the page is loaded; then after that, and what is waited for.
const BEFORE = {
  connecting: (page) => page.route("**/api/captured/", never),
  "loading an entry": (page) => page.route("**/api/captured/errors?*", never),
  "loading a trace": (page) => page.route("**/api/captured/traces?*", never),
  refused: (page) => page.route("**/api/captured/", (route) => route.fulfill({ status: 401, contentType: "application/json", body: '{"error": "a token is needed"}' })),
  restarted: (page) => page.route("**/api/captured/stream?*", (route) => route.fulfill(streamed("event: restarted\ndata: {}\n\n"))),
  "connection lost": (page) => {
    let times = 0;
    return page.route("**/api/captured/stream?*", (route) => (times++ ? route.abort() : route.fulfill(streamed(`retry: 10\n\nid: 1\ndata: ${JSON.stringify(summary)}\n\n`))));
  },
  narrow: (page) => page.setViewportSize({ width: 400, height: 800 }),
};
const AFTER = {
  connecting: [never, ".empty"],
  "loading an entry": [never, "article .quiet[role=status]"],
  "loading a trace": [never, "aside .quiet[role=status]"],
  refused: [never, ".notice.error[role=alert]"],
  restarted: [never, ".notice button"],
  "connection lost": [never, ".row >> nth=0"],
  paused: [(page) => page.keyboard.press("p"), ".state.warning"],
  help: [(page) => page.keyboard.press("?"), "dialog[open]"],
  unfolded: [(page) => page.evaluate(() => document.querySelectorAll("details").forEach((one) => (one.open = true))), "details[open]"],
  printed: [(page) => page.emulateMedia({ media: "print" }), "#app"],
};

async function look(page, { state }) {
  await page.locator(".row, .empty, .notice").first().waitFor({ state: "attached" });
  if (!state?.startsWith("loading") && state !== "connecting") await page.waitForFunction(() => !document.querySelector("main, aside")?.textContent.includes("Loading"));
  const [act, there] = AFTER[state] ?? [never, "#app"];
  await act(page);
  await page.locator(there).first().waitFor({ state: "attached" });
  if (state === "connection lost") await page.locator(".notice.error[role=alert]").waitFor();
  await page.waitForTimeout(150);
  // The policy of the page lets no script in; the tool is put there by the debugger.
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(axe);
  const objections = async (scheme, rules) => {
    await page.emulateMedia({ colorScheme: scheme });
    // What passes is not described: that took a fifth of the time.
    const options = { resultTypes: ["violations"], ...(rules && { runOnly: { type: "rule", values: rules } }) };
    const { violations } = await page.evaluate((options) => axe.run(options), options);
    return violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html.slice(0, 120)).join(" | ")}`);
  };
  // The schemes are one style sheet, and no script asks for them: they differ in nothing but colours.
  return { light: await objections("light"), dark: await objections("dark", ["color-contrast", "link-in-text-block"]) };
}

const found = {};
const kept = new Map(); // the page of an address, for views that differ in nothing else
for (const view of JSON.parse(views)) {
  const again = view.state ? undefined : kept.get(view.url);
  const page = again ?? (await browser.newPage({ viewport: { width: 1200, height: 800 } }));
  if (again) await page.evaluate((hash) => (location.hash = hash), view.hash);
  else {
    await BEFORE[view.state]?.(page);
    await page.goto(`${view.url}${view.hash}`);
  }
  if (!view.state) kept.set(view.url, page);
  const unreached = (error) => ({ light: [`it was not reached: ${error.message}`], dark: ["it was not reached"] });
  const said = await look(page, view).catch(unreached);
  for (const scheme of ["light", "dark"]) found[`${view.name}, ${scheme}`] = said[scheme];
  if (view.state) await page.close();
}
console.log(JSON.stringify(found));
await browser.close();
