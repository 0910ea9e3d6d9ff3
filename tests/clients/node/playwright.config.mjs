import { defineConfig } from "@playwright/test";

export default defineConfig({
  testMatch: process.env.SPEC,
  fullyParallel: true,
  workers: Number(process.env.WORKERS),
  timeout: 90_000,
  reporter: [["json", { outputFile: "results.json" }], ["line"]],
  globalSetup: "./browser.mjs",
  use: { connectOptions: { wsEndpoint: process.env.BROWSER ?? "" } },
});
