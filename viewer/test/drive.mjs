// Opens the viewer in the system's Chromium, does what SCENARIO says, and prints what was seen as one line of JSON.
// node drive.mjs CHROMIUM [URL SCENARIO [ARGUMENT]]
import { browser, take } from "./turns.mjs";
import { tasksOf } from "./tasks.mjs";

let url, argument;

async function open(hash = "", options = {}) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 800 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(40_000);
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

const texts = async (page, selector) => (await page.locator(selector).allTextContents()).map((text) => text.replace(/\s+/g, " ").trim());

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
  async verdicts() {
    const page = await open();
    await rows(page, 3);
    await page.locator("#filter").fill("verdict:trimmed");
    await rows(page, 1);
    const seen = { trimmed: await labels(page) };
    await message("later");
    await page.locator("#filter").fill("verdict:accepted");
    await page.waitForFunction(() => document.querySelector(".row .label")?.textContent.includes("later"));
    await page.waitForFunction(() => document.querySelectorAll(".row").length === 2);
    return { ...seen, accepted: await labels(page) };
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
  async stack() {
    const page = await open();
    await rows(page, 1);
    await page.locator(".row a").first().click();
    await page.locator(".exception .frame").first().waitFor();
    return { frames: await texts(page, ".exception > details > summary"), open: await texts(page, ".frame[open] .line code"), at: await texts(page, ".row .at") };
  },
  async focus() {
    const page = await open();
    await rows(page, 3);
    await page.locator(".row a").nth(2).focus();
    await page.keyboard.press("Enter");
    await page.locator("article h2").waitFor();
    return { opened: await page.locator("article h2").textContent(), closes: await texts(page, ".close") };
  },
  async hostile() {
    const page = await open();
    await rows(page, 8);
    const faults = [];
    let shown = 0;
    for (const place of JSON.parse(argument)) {
      await page.evaluate((it) => (location.hash = `open=${it}`), place);
      if (place.startsWith("trace:")) {
        await page.locator(".trace .span").first().waitFor();
        await page.locator(".chosen").waitFor();
        continue;
      }
      // Key and sections are of the new one, not of the one before.
      await page.waitForFunction((key) => document.querySelector("article .actions") && document.querySelector(".row.active a")?.getAttribute("href").endsWith(encodeURIComponent(key)), place).catch(() => faults.push(place));
      await page.evaluate(() => document.querySelectorAll("details").forEach((one) => (one.open = true)));
      shown += 1;
    }
    return { shown, faults, said: page.said, ran: await page.evaluate(() => globalThis.ran ?? null), images: await page.locator("#app img, #app iframe, #app script, #app svg").count() };
  },
  async heavy() {
    const show = async (page, place) => {
      await page.evaluate((it) => (location.hash = `open=${it}`), place);
      if (place.startsWith("trace:")) await page.locator(".chosen").waitFor();
      else await page.waitForFunction((key) => document.querySelector("article .actions") && document.querySelector(".row.active a")?.getAttribute("href").endsWith(encodeURIComponent(key)), place);
      await page.evaluate(() => document.querySelectorAll("details").forEach((one) => (one.open = true)));
      await page.waitForFunction(() => !document.querySelector("aside").textContent.includes("Loading"));
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done))));
    };
    const pages = [await open()];
    const took = {};
    for (const place of JSON.parse(argument)) {
      const measured = [];
      // A pause of a virtual machine counts as the processor's time, and a busy one may lose what is recorded: that
      // is measured again, in a new page. What takes the page itself long does so each time.
      while (measured.length < 3 && !measured.some((one) => one < 1000)) {
        if (measured.length) pages.push(await open());
        await rows(pages.at(-1), 1);
        measured.push((await tasksOf(pages.at(-1), () => show(pages.at(-1), place))).processor);
      }
      took[place] = measured;
    }
    return { took, said: pages.flatMap((page) => page.said) };
  },
  async policy() {
    const page = await open();
    await page.evaluate((text) => (document.querySelector("#app").innerHTML = text), argument);
    await page.waitForTimeout(300);
    return { ran: await page.evaluate(() => globalThis.ran ?? null) };
  },
  async reading() {
    const page = await open();
    // A stream that was answered, and has sent nothing yet.
    await page.route("**/api/captured/stream?*", (route) => route.fulfill({ status: 200, contentType: "text/event-stream", body: "retry: 60000\n\n" }));
    await page.goto("about:blank");
    await page.goto(`${url}/${argument}`);
    await page.locator(".empty").filter({ hasText: "Reading" }).waitFor();
    return await texts(page, ".empty, aside > p");
  },
  async emptied() {
    const page = await open();
    const body = argument === "restarted" ? "event: restarted\ndata: {}\n\n" : "";
    await page.route("**/api/captured/stream?*", async (route) => {
      if (argument === "cleared") await fetch(`${url}/api/captured/`, { method: "DELETE" });
      await route.fulfill({ status: 200, contentType: "text/event-stream", body: `retry: 60000\n\n${body}` });
    });
    await page.goto("about:blank");
    await page.goto(`${url}/`);
    await page.locator(".empty h2").waitFor();
    return texts(page, ".empty h2");
  },
  async tokens() {
    const page = await open();
    await page.waitForFunction(() => document.querySelectorAll(".row").length > 20);
    const seen = {};
    for (const words of JSON.parse(argument)) {
      await page.locator("#filter").fill(words);
      await page.waitForFunction((q) => new URLSearchParams(location.hash.slice(1)).get("q") === q, words);
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done))));
      seen[words] = (await texts(page, ".row")).length;
    }
    const hint = await texts(page, ".notice");
    await page.locator("#filter").fill("");
    await page.getByText("by test").click();
    return { seen, hint, groups: await texts(page, ".group") };
  },
  async fields() {
    const page = await open(argument);
    await page.locator(".files img").first().waitFor();
    await page.getByText("JSON", { exact: true }).click();
    const sections = await page.locator("details.section").evaluateAll((all) => all.map((one) => [one.querySelector("h3").textContent, [...one.querySelectorAll("tr")].map((row) => [...row.children].map((cell) => (cell.querySelector("button, pre") ?? cell).textContent))]));
    const seen = { ...Object.fromEntries(sections), variables: await texts(page, ".frame[open] tr"), json: JSON.parse(await page.locator(".json").textContent()) };
    await page.getByText("where in the trace").click();
    await page.locator(".span.active").waitFor();
    return { ...seen, chosen: await texts(page, ".span.active .name a") };
  },
  async searched() {
    const [trace, ...words] = JSON.parse(argument);
    const page = await open(`#open=trace:${trace}`);
    await page.locator(".span").first().waitFor();
    const seen = {};
    for (const text of words) {
      await page.keyboard.press("/");
      await page.locator(".tools input").fill(text);
      await page.locator(".span.found").first().waitFor();
      seen[text] = await texts(page, ".span.found .name a");
    }
    return seen;
  },
  async ringed() {
    const page = await open(argument);
    await page.locator("article h2").waitFor();
    const hidden = [];
    const passed = new Set();
    for (let step = 0; step < 60; step++) {
      await page.keyboard.press("Tab");
      const [name, seen] = await page.evaluate(() => {
        const one = document.activeElement;
        const { outlineStyle, outlineWidth } = getComputedStyle(one);
        return [one.tagName + one.className + one.textContent.slice(0, 20), outlineStyle !== "none" && parseFloat(outlineWidth) >= 1];
      });
      if (name.startsWith("BODY")) continue;
      passed.add(name);
      if (!seen) hidden.push(name);
    }
    return { passed: passed.size, hidden };
  },
  async telephone() {
    const page = await open("", { viewport: { width: 400, height: 800 } });
    await rows(page, 1);
    const seen = {};
    for (const word of ["", ...JSON.parse(argument)]) {
      await page.locator("#filter").fill(word && `noun:${word}`);
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done))));
      seen[word] = await page.evaluate(() => {
        const [bar, pressed] = [".counts", '.counts [aria-pressed="true"]'].map((where) => document.querySelector(where).getBoundingClientRect());
        const cut = [...document.querySelectorAll(".row")].filter((row) => [...row.querySelectorAll("a > *")].some((one) => one.getBoundingClientRect().bottom > row.getBoundingClientRect().bottom));
        return { rows: document.querySelectorAll(".row").length > 0, cut: cut.length, wide: document.documentElement.scrollWidth > innerWidth, pressed: pressed.left >= bar.left && pressed.right <= bar.right };
      });
    }
    await page.keyboard.press("Escape");
    await page.keyboard.press("?");
    await page.locator("dialog[open]").waitFor();
    const keys = page.locator("dialog kbd");
    const helped = { keys: (await texts(page, "dialog kbd")).slice(0, 3), seen: await keys.first().evaluate((one) => one.getBoundingClientRect().top >= one.closest("dialog").getBoundingClientRect().top) };
    await page.keyboard.press("Escape");
    await page.locator("dialog:not([open])").waitFor({ state: "attached" });
    return { seen, helped };
  },
  async chosen() {
    const page = await open(argument, { viewport: { width: 400, height: 860 } });
    await page.locator(".chosen").waitFor();
    await page.waitForFunction(() => {
      const [line, list] = [".span.active", ".trace .window"].map((where) => document.querySelector(where).getBoundingClientRect());
      return line.top >= list.top && line.bottom <= list.bottom + 1;
    });
    return await texts(page, ".span.active .name a");
  },
  async scripts() {
    const page = await open(argument);
    await page.locator(".call").waitFor();
    const facts = page.locator(".kind bdi");
    const lefts = await facts.evaluateAll((all) => all.filter((one) => !one.querySelector("bdi")).map((one) => one.getBoundingClientRect().left));
    return { facts: (await texts(page, ".kind .quiet > bdi")).slice(0, 3), ordered: lefts.every((left, place) => !place || left > lefts[place - 1]), call: await page.locator(".call").textContent(), said: page.said };
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
  async shop() {
    const seen = {};
    const page = await open("", { permissions: ["clipboard-read", "clipboard-write"] });
    await rows(page, 15);
    seen.counts = await texts(page, ".counts button");
    seen.tables = {};
    for (const word of ["log", "metric", "check-in", "session", "feedback", "lost", "attachment", "refused"]) {
      await page.locator("#filter").fill(`noun:${word}`);
      await page.waitForFunction((wanted) => document.querySelector(".row") && location.hash.includes(wanted), word);
      seen.tables[word] = { heads: (await texts(page, ".heads span")).slice(0, -1), first: (await texts(page, ".row:first-child .cell")).slice(0, -1) };
      const lefts = (where) => page.locator(where).evaluateAll((all) => all.map((one) => Math.round(one.getBoundingClientRect().left)));
      seen.straight = (seen.straight ?? true) && JSON.stringify((await lefts(".heads > span")).slice(1)) === JSON.stringify(await lefts(".row:first-child .cell"));
      if (word === "session") seen.judged = (await texts(page, ".row:first-child .cell")).at(-1);
    }
    await page.locator("#filter").fill("verdict:trimmed noun:error");
    await page.waitForFunction(() => document.querySelectorAll(".row").length === 1);
    await page.locator("#filter").fill("noun:error");
    await page.waitForFunction(() => document.querySelectorAll(".row").length === 1);
    await page.locator(".row a").click();
    await page.locator(".files li").nth(5).waitFor();
    await page.waitForFunction(() => document.querySelector(".files img")?.complete && document.querySelectorAll(".file-text").length === 3 && document.querySelector(".files").textContent.includes("cannot be shown as one"));
    seen.verdict = await texts(page, ".row .verdict");
    seen.headline = await page.locator("article h2").textContent();
    seen.exceptions = await texts(page, ".exception h3");
    seen.source = await texts(page, ".exception .frame[open] .source > div");
    seen.crumbs = await texts(page, ".crumbs .said");
    seen.points = await page.locator(".line-of-time i").count();
    seen.images = await page.locator(".files img").evaluateAll((all) => all.map((one) => [one.alt, one.naturalWidth]));
    seen.files = await texts(page, ".file-text");
    seen.findings = (await texts(page, ".verdicts li")).length;
    seen.there = await texts(page, "tr:has(.finding) th");
    await page.locator(".verdicts button").first().click();
    seen.led = await page.evaluate(() => document.activeElement.closest("tr")?.querySelector("th").textContent);
    await page.getByText("copy as a test").click();
    await page.getByText("copied").waitFor();
    seen.call = await page.evaluate(() => navigator.clipboard.readText());
    await page.getByText("Envelope, as it was sent").click();
    await page.locator(".bytes").waitFor();
    seen.bytes = (await page.locator(".bytes").textContent()).slice(0, 16);
    await page.keyboard.press("t");
    await page.locator(".trace .span.active").waitFor();
    seen.trace = { lines: await texts(page, ".span .name a"), services: await texts(page, ".legend span"), chosen: await texts(page, ".chosen > h3"), happened: await texts(page, ".chosen .happened .noun"),
      marks: await page.locator(".mark").count(), critical: await texts(page, ".span.critical .name code"), longest: await texts(page, ".longest .link") };
    await page.keyboard.press("k");
    seen.trace.moved = new URL(page.url()).hash.slice(-16);
    await page.locator(".span .fold[aria-expanded]").nth(2).click();
    seen.trace.folded = await page.locator(".span").count();
    await page.goto(`${url}/#open=trace:${argument}`);
    await page.locator(".banner.bad").waitFor();
    seen.broken = { said: await page.locator(".banner.bad").textContent(), lines: await texts(page, ".span .name a") };
    seen.said = page.said;
    seen.ran = await page.evaluate(() => globalThis.ran ?? null);
    return seen;
  },
  async printed() {
    const seen = {};
    const [entry, trace] = JSON.parse(argument);
    for (const [name, hash] of Object.entries({ list: "", entry, trace })) {
      const page = await open(hash);
      await page.locator(name === "list" ? ".row" : name === "entry" ? ".exception" : ".span").first().waitFor();
      await page.waitForTimeout(200);
      await page.emulateMedia({ media: "print" });
      await page.waitForTimeout(200);
      seen[name] = await page.evaluate(() => {
        const seenAt = (one) => one.checkVisibility() && one.getClientRects().length > 0;
        const cut = [...document.querySelectorAll("#app *")].filter((one) => seenAt(one) && !one.closest(".sr, .bar-box") && one.scrollHeight > one.clientHeight + 2 && /hidden|auto|scroll/.test(getComputedStyle(one).overflowY) && one.clientHeight > 0);
        return { cut: cut.map((one) => one.className || one.tagName), navigation: [...document.querySelectorAll(".top > :not(h1), .counts, .close, .tools")].filter(seenAt).length, rows: document.querySelectorAll(".row").length, spans: document.querySelectorAll(".span").length,
          closed: [...document.querySelectorAll("aside details")].filter((one) => !one.open).length, wide: document.documentElement.scrollWidth > innerWidth };
      });
    }
    return seen;
  },
  async wide() {
    const page = await open(`#open=trace:${argument}`);
    await page.locator(".trace .span").first().waitFor({});
    const drawn = await page.locator(".span").count();
    await page.keyboard.press("/");
    await page.keyboard.type("the needle");
    await page.locator(".span.found.active").waitFor();
    const found = await texts(page, ".span.found .name a");
    const said = await texts(page, ".tools [role=status]");
    await page.keyboard.press("Enter");
    return { drawn, found, said, again: await texts(page, ".tools [role=status]"), chosen: await texts(page, ".chosen > h3") };
  },
  async lost() {
    const page = await open();
    await rows(page, 1);
    await page.locator(".state.good").waitFor();
    console.log("ready");
    await page.locator(".notice[role=alert]").waitFor();
    const said = await page.locator(".notice[role=alert]").textContent();
    const kept = await labels(page);
    console.log("lost");
    await page.waitForFunction((text) => document.querySelector(".row .label")?.textContent === text, argument);
    return { said: said.includes("sentryintegration serve --port"), kept, labels: await labels(page), state: await texts(page, ".state"), restarted: (await texts(page, ".notice")).some((text) => text.includes("started anew")) };
  },
  async away() {
    const page = await open();
    await rows(page, 1);
    await page.locator(".state.good").waitFor();
    console.log("ready");
    await page.locator(".notice[role=alert]").waitFor();
    await page.locator(".row a").click();
    await page.locator("article .banner.bad").waitFor();
    const said = await texts(page, "article .banner.bad");
    console.log("lost");
    await page.locator("article .actions").waitFor();
    return { said, shown: await texts(page, "article h2"), left: await page.locator(".banner.bad").count() };
  },
  async late() {
    const page = await open();
    await rows(page, 1);
    await page.locator(".state.good").waitFor();
    console.log("ready");
    await page.locator(".notice[role=alert]").waitFor();
    const asked = []; // for the object, and for its verdict
    await page.route(/[?&]inbox=/, (route) => (asked.length < 2 ? void asked.push(route) : route.continue()));
    const both = [page.waitForRequest(/captured\/messages/), page.waitForRequest(/captured\/findings/)];
    await page.locator(".row a").click();
    await Promise.all(both);
    console.log("lost");
    await page.locator(".state.good").waitFor();
    for (const route of asked) await route.abort();
    await page.locator("article .actions").waitFor();
    return { shown: await texts(page, "article h2"), left: await page.locator(".banner.bad").count() };
  },
  async evicted() {
    const page = await open();
    await rows(page, 1);
    await page.locator(".row a").first().click();
    await page.locator("article h2").waitFor();
    for (let number = 0; number < 8; number++) await message(`further ${number}`);
    await page.waitForFunction(() => document.querySelector(".row .label")?.textContent === "further 7");
    await page.locator("aside .banner.bad").waitFor();
    return { labels: await labels(page), notice: await texts(page, ".notice"), open: await page.locator("aside .banner.bad strong").textContent() };
  },
  async stays() {
    const seen = {};
    for (const width of [1200, 400]) {
      const page = await open("", { viewport: { width, height: 800 } });
      let came = Number(argument) + 20 * Object.keys(seen).length;
      const all = () => page.waitForFunction((text) => document.querySelector(".top .number").textContent === text, `${came} of ${came}`);
      const more = async () => {
        for (let number = 0; number < 10; number++) await message(`further ${++came}`);
        await all();
      };
      const first = () => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(() => {
        const { top } = document.querySelector(".window").getBoundingClientRect();
        const place = (row) => row.getBoundingClientRect().top - top;
        const [row] = [...document.querySelectorAll(".row")].filter((one) => place(one) > -1).sort((one, other) => place(one) - place(other));
        done([row.querySelector(".label").textContent, Math.round(place(row))]);
      }))));
      await all();
      await page.locator(".window").evaluate((box) => (box.scrollTop = 460));
      const before = await first();
      await page.locator(".row", { hasText: before[0] }).locator("a").click();
      await page.locator("article .actions").waitFor();
      await more();
      await page.goBack();
      await page.locator("aside").waitFor({ state: "detached" });
      const back = await first();
      await more();
      seen[width] = { before, back, after: await first() };
    }
    return seen;
  },
  async pressed() {
    const page = await open();
    await rows(page, 2);
    const seen = {};
    for (const name of await texts(page, ".row .tag")) {
      await page.locator(".row .tag", { hasText: name }).click();
      await page.waitForFunction(() => document.querySelector("#filter").value);
      seen[name] = [await page.locator("#filter").inputValue(), await labels(page)];
      await page.locator(".row .tag", { hasText: name }).click({ timeout: 5000 });
      await page.waitForFunction(() => !document.querySelector("#filter").value);
    }
    return seen;
  },
  async gone() {
    const page = await open();
    await page.locator(".state.good").waitFor();
    await page.locator(".empty h2").waitFor();
    const counted = await texts(page, ".top .number");
    await page.evaluate(() => (location.hash = "open=entry:1:messages:0"));
    await page.locator("aside .banner.bad").waitFor();
    return { counted, open: await page.locator("aside .banner.bad strong").textContent() };
  },
  async elsewhere() {
    const page = await open();
    await rows(page, 1);
    await fetch(`${url}/api/captured/`, { method: "DELETE" });
    await page.locator(".row a").click();
    await page.locator("article .banner.bad").waitFor();
    return (await texts(page, "article .banner.bad"))[0];
  },
  async clearing() {
    const page = await open();
    await rows(page, 1);
    await page.locator(".state.good").waitFor();
    const clear = page.getByRole("button", { name: "clear" });
    const before = await clear.isEnabled();
    console.log("ready");
    await page.locator(".notice[role=alert]").waitFor();
    return { before, lost: await clear.isEnabled(), said: page.said };
  },
  async insecure() {
    // As from another machine: there a page without TLS has no clipboard.
    const page = await open();
    await page.evaluate(() => Object.defineProperty(navigator, "clipboard", { value: undefined }));
    await page.locator(".empty button").click();
    await page.locator(".empty button + [role=status]:not(:empty)").waitFor();
    return { said: await texts(page, ".empty button + [role=status]"), errors: page.said };
  },
  async odd() {
    const seen = {};
    for (const [name, trace] of Object.entries(JSON.parse(argument))) {
      const page = await open(`#open=trace:${trace}`);
      await page.locator(".span").first().waitFor();
      seen[name] = {
        lines: await page.locator(".span").evaluateAll((all) => all.sort((one, other) => parseInt(one.style.top) - parseInt(other.style.top)).map((one) => [one.querySelector("a").textContent.replace(/\s+/g, " ").trim(), parseInt(one.querySelector(".name").style.paddingLeft) / 12, one.querySelector(".took").textContent])),
        sum: await page.locator(".trace header > p.quiet").textContent(),
        over: await page.locator(".span .took, .ticks i").evaluateAll((all) => all.filter((one) => one.scrollWidth > one.clientWidth + 1 || one.offsetHeight > 24).length),
      };
      const last = page.locator(".span").last();
      await last.locator("a").click();
      await page.locator(".chosen").waitFor();
      seen[name].chosen = await page.locator(".span.active").count();
    }
    return seen;
  },
  async within() {
    const wide = {};
    for (const place of JSON.parse(argument)) {
      const page = await open(`#open=entry:${place}`, { viewport: { width: 800, height: 800 } });
      await page.locator("article .actions").waitFor();
      wide[place] = await page.locator("aside").evaluate((one) => one.scrollWidth > one.clientWidth);
    }
    return wide;
  },
  async beside() {
    const page = await open("", { viewport: { width: 400, height: 800 } });
    await rows(page, 2);
    return await page.evaluate(() => {
      const places = (all) => [...all].map((one) => one.getBoundingClientRect()).filter((one) => one.width > 0);
      const meet = (one, other) => one.left < other.right - 1 && other.left < one.right - 1 && one.top < other.bottom - 1 && other.top < one.bottom - 1;
      return [...document.querySelectorAll(".row")].map((row) => {
        const parts = places(row.querySelectorAll("a > *"));
        const lefts = places(row.querySelectorAll(".label bdi")).map((one) => one.left);
        return {
          label: row.querySelector(".label").textContent,
          where: row.querySelector(".where").textContent,
          over: parts.some((one, place) => parts.slice(place + 1).some((other) => meet(one, other))),
          lines: new Set(parts.map((one) => Math.round((one.top + one.bottom) / 12))).size,
          ordered: lefts.every((left, place) => !place || left > lefts[place - 1]),
        };
      });
    });
  },
  async many() {
    const before = performance.now();
    const page = await open();
    await rows(page, 10);
    const listed = performance.now() - before;
    // As the benchmark: while older ones are read, that is what a filter waits for.
    await page.waitForFunction((text) => document.querySelector(".top .number").textContent === text, "10,000 of 10,000");
    const again = performance.now();
    await page.locator("#filter").fill(argument);
    await page.waitForFunction((text) => document.querySelector(".row .label")?.textContent.includes(text), argument);
    return { listed, filtered: performance.now() - again, drawn: await page.locator(".row").count() };
  },
};

await take((...asked) => {
  let scenario;
  [url, scenario, argument] = asked;
  return scenarios[scenario]();
});
