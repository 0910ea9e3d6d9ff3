// Takes the pictures of docs/pictures: list, event and trace of the shop that the tests send, light and dark.
// node viewer/test/pictures.mjs [CHROMIUM]; the server is the one of this repository's environment.
import { chromium } from "playwright-core";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const python = existsSync(`${root}.venv/bin/python`) ? `${root}.venv/bin/python` : "python";
const TRACE = "04ce62235cd54ac5be82861c38d36cc3";
const PICTURES = { list: "", event: "#open=entry:5:errors:0", trace: `#open=trace:${TRACE}:0000000000000006` };

const server = spawn(python, ["-m", "tests.clients.shop"], { cwd: root, stdio: ["pipe", "pipe", "inherit"] });
const { value: url } = await createInterface({ input: server.stdout })[Symbol.asyncIterator]().next();
const browser = await chromium.launch({ executablePath: process.argv[2] ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
try {
  const folder = `${root}docs/pictures`;
  await mkdir(folder, { recursive: true });
  for (const colorScheme of ["light", "dark"]) {
    const page = await browser.newPage({ viewport: { width: 1040, height: 580 }, colorScheme });
    for (const [name, hash] of Object.entries(PICTURES)) {
      await page.goto(`${url}/${hash}`);
      await page.reload();
      await page.locator({ list: ".row", event: ".files img", trace: ".span.active" }[name]).first().waitFor();
      await page.waitForTimeout(300);
      await page.screenshot({ path: `${folder}/viewer-${name}-${colorScheme}.png` });
    }
  }
} finally {
  await browser.close();
  server.stdin.end();
}
