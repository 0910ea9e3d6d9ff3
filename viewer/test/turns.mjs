// Does scenarios in one browser, each in contexts of its own that are closed behind it:
// node SCRIPT CHROMIUM URL SCENARIO [ARGUMENT] does one; without a URL, each line of the standard input is
// [URL, SCENARIO, ARGUMENT] in JSON. One that fails ends all of it: nothing of it is left for the next.
import { chromium } from "playwright-core";
import { createInterface } from "node:readline";

const [program, ...words] = process.argv.slice(2);
export const browser = await chromium.launch({ executablePath: program, args: ["--no-sandbox"] });

async function* asked() {
  if (words.length) yield words;
  else for await (const line of createInterface({ input: process.stdin })) yield JSON.parse(line);
}

// Prints what *perform* has seen, as one line of JSON.
export async function take(perform) {
  try {
    for await (const [url, scenario, argument] of asked()) {
      const seen = await perform(url, scenario, argument);
      await Promise.all(browser.contexts().map((context) => context.close()));
      console.log(JSON.stringify(seen));
    }
  } finally {
    await browser.close();
  }
}
