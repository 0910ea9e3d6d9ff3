import { defineConfig } from "@playwright/test";

export default defineConfig({
  fullyParallel: true,
  use: { baseURL: process.env.SHOP_URL ?? "http://127.0.0.1:3000" },
  webServer: {
    command: "sentryintegration serve",
    url: "http://127.0.0.1:8969/readyz",
    reuseExistingServer: true,
  },
});
