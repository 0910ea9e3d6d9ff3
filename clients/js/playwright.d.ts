import type {
  BrowserContext,
  PlaywrightTestArgs,
  PlaywrightTestOptions,
  PlaywrightWorkerArgs,
  PlaywrightWorkerOptions,
  TestType,
} from "@playwright/test";
import type { ConnectOptions, Inbox, Sentry } from "./index.js";

export { expect } from "@playwright/test";

export interface SentryWorkerOptions {
  /** The address of the fake Sentry, alone or with what `connect` takes. */
  sentryServer: string | (ConnectOptions & { readonly url?: string }) | undefined;
}

export interface SentryOptions {
  /** Whether whatever a page reports to a Sentry goes into the inbox of its test: `true`. */
  sentryReroute: boolean;
}

export interface SentryWorkerFixtures {
  /** The fake Sentry. */
  sentry: Sentry;
}

export interface SentryFixtures {
  /** What the pages of this test report, and whatever else is given its DSN. */
  sentryInbox: Inbox;
  /** The DSN of the inbox; pages find it in `globalThis.SENTRY_DSN`. */
  sentryDsn: string;
}

export const test: TestType<
  PlaywrightTestArgs & PlaywrightTestOptions & SentryOptions & SentryFixtures,
  PlaywrightWorkerArgs & PlaywrightWorkerOptions & SentryWorkerOptions & SentryWorkerFixtures
>;

/** Have the pages of a browser context report into an inbox; the fixture does so for its own context. */
export function reportTo(
  inbox: Inbox,
  context: BrowserContext,
  options?: { readonly reroute?: boolean },
): Promise<void>;
