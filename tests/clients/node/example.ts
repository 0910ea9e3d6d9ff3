// What users write, checked by `tsc --strict`: that the types are there, and that mistakes are errors.
import { AssertionError, RequestError, UnreachableError, anything, connect, type Event, type Inbox, type Trace } from "sentryintegration";
import { expect, reportTo, test } from "sentryintegration/playwright";

class OutOfStock extends Error {}

export async function everything(): Promise<void> {
  const sentry = await connect("http://127.0.0.1:8969", { token: "secret", timeout: 10_000, headers: { "x-proxy": "yes" } });
  await using inbox: Inbox = await sentry.inbox({ name: "worker 1", test: "checkout" });
  const dsn: string = inbox.dsn;
  const message: Event = await inbox.messages.find("text", { level: "warning", timeout: 500 });
  const trace: Trace = await inbox.traces.find({ complete: true });
  const children: string[] = (await trace.tree()).flatMap((span) => span.children.map((child) => child.op ?? ""));
  const drawn: string = await trace.draw();
  await trace.assertContinuous({ timeout: 1000 });
  const values: (string | null)[] = (await inbox.errors.where(OutOfStock)).map((error) => error.exception?.value ?? null);
  await inbox.errors.find({ exception: TypeError, user: anything, "tags.graph": /^g\d/, extra: { job: { runs: 3 } } });
  await inbox.client_reports.find("before_send");
  await inbox.errors.none({ within: 100, signal: AbortSignal.timeout(1000) });
  const [first] = await inbox.transactions.wait(2, "checkout", { after: (await inbox.counts()).cursor });
  const file: Uint8Array | undefined = await first?.attachments["a.bin"]?.bytes();
  for await (const told of inbox.stream({ noun: "errors", level: "error" }))
    if (told.event === "captured") told.items.map((item) => item.label);
    else told.text.trim();
  for await (const log of inbox.logs.stream()) log.body.trim();
  await inbox.faults.set({ status: { code: 503, times: 1 }, rate_limit: [{ categories: ["error"], seconds: 60 }] });
  const findings: string[] = (await inbox.findings()).items.map((objection) => objection.outcome);
  for (const error of [new Error()])
    if (error instanceof AssertionError) error.nearest.map((miss) => miss.label);
    else if (error instanceof RequestError) error.status.toFixed();
    else if (error instanceof UnreachableError) throw error;
  void [dsn, message.tags["graph"], children, drawn, values, file, findings];

  // @ts-expect-error: no such noun
  await inbox.mesages.find("text");
  // @ts-expect-error: no such criterion
  await inbox.messages.find({ levl: "warning" });
  // @ts-expect-error: of traces alone
  await inbox.messages.find({ complete: true });
  // @ts-expect-error: a function cannot be sent
  await inbox.messages.find({ level: (level: string) => level === "warning" });
  // @ts-expect-error: where does not wait
  await inbox.messages.where({ timeout: 5 });
  // @ts-expect-error: no such fault
  await inbox.faults.set({ stauts: { code: 503 } });
  // @ts-expect-error: a status needs its code
  await inbox.faults.set({ status: { times: 1 } });
}

test.use({ sentryReroute: true });
test("a page", async ({ page, browser, sentry, sentryInbox, sentryDsn }) => {
  await page.goto(`/?dsn=${encodeURIComponent(sentryDsn)}`);
  expect((await sentryInbox.errors.find(TypeError)).level).toBe("error");
  expect(await sentry.events.count()).toBe(1);
  await reportTo(sentryInbox, await browser.newContext(), { reroute: false });
});
