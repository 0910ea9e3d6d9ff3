// One browser for all workers.
import { chromium } from "@playwright/test";

const ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"];

export default async () => {
  const server = await chromium.launchServer({ executablePath: process.env.CHROMIUM, args: ARGS, headless: true });
  process.env.BROWSER = server.wsEndpoint();
  return () => server.close();
};
