// Builds src/ into one page without a request to anywhere: ../pytest_sentryintegration/web/static/viewer.html
import { build } from "esbuild";
import { mkdir, readFile, writeFile } from "node:fs/promises";

const target = process.argv[2] ? new URL(process.argv[2]) : new URL("../pytest_sentryintegration/web/static/viewer.html", import.meta.url);

const bundle = (entry) =>
  build({
    absWorkingDir: import.meta.dirname,
    entryPoints: [entry],
    bundle: true,
    minify: true,
    write: false,
    format: "iife",
    target: "es2022",
    charset: "ascii",
    legalComments: "none",
  }).then((result) => result.outputFiles[0].text.trim());

const [page, script, style] = await Promise.all([
  readFile(new URL("src/page.html", import.meta.url), "utf8"),
  bundle("src/main.js"),
  bundle("src/style.css"),
]);
if (/<\/(script|style)/i.test(script + style)) throw new Error("the bundle would end its own element");
const parts = { style, script };
await mkdir(new URL(".", target), { recursive: true }).catch(() => {});
await writeFile(target, page.replace(/\{\{(\w+)\}\}/g, (_, name) => parts[name]));
