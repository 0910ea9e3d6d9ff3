// How long the tasks of a page take: what it costs, and whether it answers meanwhile.

/**
 * Do *doing*, and return the longest task of the page meanwhile, in milliseconds: as it took on the clock, and of the
 * processor. The second is what the page costs where the machine does other work meanwhile.
 */
export async function tasksOf(page, doing) {
  const cdp = await page.context().newCDPSession(page);
  const tasks = [];
  cdp.on("Tracing.dataCollected", ({ value }) => tasks.push(...value));
  const done = new Promise((resolve) => cdp.on("Tracing.tracingComplete", resolve));
  await cdp.send("Tracing.start", { traceConfig: { includedCategories: ["toplevel", "devtools.timeline", "disabled-by-default-devtools.timeline"] }, transferMode: "ReportEvents" });
  await doing();
  await cdp.send("Tracing.end");
  await done;
  await cdp.detach();
  const named = tasks.find((one) => one.name === "thread_name" && one.args.name === "CrRendererMain" && tasks.some((other) => other.tid === one.tid && other.name === "FunctionCall"));
  const own = tasks.filter((one) => one.name === "RunTask" && one.pid === named?.pid && one.tid === named?.tid);
  if (process.env.TRACE) console.error(JSON.stringify(tasks.filter((one) => one.pid === named?.pid && one.tid === named?.tid && one.ph === "X")));
  // Without any recorded task it is not known: null in JSON.
  const longest = (field) => (own.length ? Math.max(...own.map((one) => (one[field] ?? 0) / 1000)) : NaN);
  return { longest: longest("dur"), processor: longest("tdur"), long: own.filter((one) => one.dur > 50_000).length };
}
