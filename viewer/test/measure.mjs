// Measures the viewer where much came: node measure.mjs CHROMIUM URL ROUNDS, one line of JSON a round.
import { chromium } from "playwright-core";
import { tasksOf } from "./tasks.mjs";

const [program, url, rounds] = process.argv.slice(2);

/** Scroll by 120 steps. */
const scroll = (page) =>
  page.evaluate(async () => {
    const list = document.querySelector(".window");
    for (let step = 0; step < 120; step++) {
      list.scrollTop += 300;
      await new Promise(requestAnimationFrame);
    }
  });

const browser = await chromium.launch({ executablePath: program, args: ["--no-sandbox", "--enable-precise-memory-info"] });
for (let round = 0; round < Number(rounds); round++) {
  const page = await browser.newPage({ viewport: { width: 1200, height: 800 } });
  page.setDefaultTimeout(120_000);
  await page.goto(url);
  const listed = await page.waitForFunction(() => document.querySelectorAll(".row").length > 10 && performance.now()).then((one) => one.jsonValue());
  await page.waitForFunction(() => document.querySelector(".top [role=status]").textContent.startsWith("10,000 of"));
  const filtered = await page.evaluate(async () => {
    const field = document.querySelector("#filter");
    const begin = performance.now();
    field.value = "number 99";
    field.dispatchEvent(new Event("input", { bubbles: true }));
    while (document.querySelector(".top [role=status]").textContent.startsWith("10,000")) await new Promise((done) => setTimeout(done));
    const took = performance.now() - begin;
    field.value = "";
    field.dispatchEvent(new Event("input", { bubbles: true }));
    await new Promise((done) => setTimeout(done, 500));
    return took;
  });
  const scrolled = await tasksOf(page, () => scroll(page));
  const memory = await page.evaluate(() => performance.memory.usedJSHeapSize / 1e6);
  console.log(JSON.stringify({ listed, filtered, ...scrolled, memory }));
  await page.close();
}
await browser.close();
