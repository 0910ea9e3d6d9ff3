// Takes the pictures of docs/pictures, light and dark: list, event and trace of the shop that the tests send, and the
// walk through docs/shop-report.html. node viewer/test/pictures.mjs [CHROMIUM [FOLDER]], in this repository's environment.
import { chromium } from "playwright-core";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const [program = "/usr/bin/chromium", folder = `${root}docs/pictures`] = process.argv.slice(2);
const python = existsSync(`${root}.venv/bin/python`) ? `${root}.venv/bin/python` : "python";
const TRACE = "04ce62235cd54ac5be82861c38d36cc3";

const server = spawn(python, ["-m", "tests.clients.shop"], { cwd: root, stdio: ["pipe", "pipe", "inherit"] });
const { value: url } = await createInterface({ input: server.stdout })[Symbol.asyncIterator]().next();
const report = new URL("../../docs/shop-report.html", import.meta.url).href;

// What is opened, or pressed in what is open, and what is waited for.
const PICTURES = [
  ["viewer-list", { open: `${url}/` }, ".row"],
  ["viewer-event", { open: `${url}/#open=entry:5:errors:0` }, ".files img"],
  ["viewer-trace", { open: `${url}/#open=trace:${TRACE}:0000000000000006` }, ".span.active"],
  ["report-test", { open: report }, ".miss a"],
  ["report-line", { press: ".miss a" }, ".frame[open] .line"],
  ["report-trace", { key: "t" }, ".span.active"],
];
const browser = await chromium.launch({ executablePath: program, args: ["--no-sandbox"] });
try {
  await mkdir(folder, { recursive: true });
  for (const colorScheme of ["light", "dark"]) {
    const page = await browser.newPage({ viewport: { width: 1040, height: 580 }, colorScheme, timezoneId: "UTC" });
    for (const [name, { open, press, key }, there] of PICTURES) {
      if (open) {
        await page.goto(open);
        await page.reload();
      }
      if (press) await page.locator(press).first().click();
      if (key) await page.keyboard.press(key);
      await page.locator(there).first().waitFor();
      await page.waitForTimeout(300);
      await page.screenshot({ path: `${folder}/${name}-${colorScheme}.png` });
    }
    await page.close();
  }
} finally {
  await browser.close();
  server.stdin.end();
}
