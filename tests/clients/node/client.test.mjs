// The client, asked of a running fake Sentry by node's own runner.
// Its address stands in SENTRYINTEGRATION_SERVER.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createServer } from "node:http";
import { AssertionError, RequestError, UnreachableError, anything, connect } from "sentryintegration";

const sentry = await connect();
const TRACE = "a".repeat(32);

async function send(dsn, ...items) {
  const { origin, pathname, username } = new URL(dsn);
  const [, inbox, project] = /^(.*)\/(\d+)$/.exec(pathname);
  const body = ["{}", ...items.flatMap(([type, payload]) => [JSON.stringify({ type }), typeof payload === "string" ? payload : JSON.stringify(payload)])];
  const answer = await fetch(`${origin}${inbox}/api/${project}/envelope/?sentry_key=${username}`, { method: "POST", body: body.join("\n") });
  return answer.status;
}
const message = (inbox, text, more = {}) => send(inbox.dsn, ["event", { message: text, level: "info", ...more }]);
const error = (inbox, type, value) => send(inbox.dsn, ["event", { level: "error", exception: { values: [{ type, value }] } }]);
const span = (id, parent, op) => ({ trace_id: TRACE, span_id: id.repeat(16), parent_span_id: parent?.repeat(16), op });
const checkout = () => [
  "transaction",
  {
    transaction: "checkout",
    start_timestamp: 1,
    timestamp: 3,
    contexts: { trace: span("b", undefined, "http.server") },
    spans: [{ ...span("c", "b", "db.query"), start_timestamp: 1, timestamp: 2 }],
  },
];

/** A test with an inbox of its own. */
function inboxed(name, run) {
  test(name, async () => {
    const inbox = await sentry.inbox({ name });
    try {
      await run(inbox);
    } finally {
      await inbox.close();
    }
  });
}

inboxed("find returns the one that matches", async (inbox) => {
  await message(inbox, "Spec failed: tree", { level: "warning", tags: { graph: "g1", "http.status": "503" } });
  await message(inbox, "Spec passed", { extra: { job: { name: "nightly", runs: 3 } } });

  const found = await inbox.messages.find("Spec failed: tree", { level: "warning" });
  assert.deepEqual([found.level, found.tags], ["warning", { graph: "g1", "http.status": "503" }]);
  for (const question of [
    [{ tags: { graph: "g1" } }],
    [{ "tags.graph": "g1" }],
    [{ tags: { "http.status": 503 } }],
    [/^Spec f/],
    [/FAILED/i, { "tags.graph": /g\d$/, tags: anything }],
    [{ text: /tree$/, release: null }],
  ])
    assert.equal((await inbox.messages.find(...question)).text, "Spec failed: tree");
  assert.equal((await inbox.messages.find({ "extra.job": { runs: 3, name: "nightly" } })).text, "Spec passed");
});

inboxed("find waits for what comes later", async (inbox) => {
  const finding = inbox.messages.find("late");
  await message(inbox, "late");
  assert.equal((await finding).text, "late");
});

inboxed("an error carries the failure of the server", async (inbox) => {
  await message(inbox, "Spec failed", { level: "error" });
  await assert.rejects(inbox.messages.find(/^Spec/, { level: "warning", timeout: 100 }), (failed) => {
    assert.ok(failed instanceof AssertionError);
    assert.equal(
      failed.message,
      `Of inbox ${inbox.name}: Expected at least 1 message matching\n    text=re('^Spec'),\n    level='warning'\n` +
        "within 0.1 s; 1 message arrived, which does not match.\n" +
        "  nearest: 'Spec failed'   (1 of 2 criteria differs)\n    level: expected 'warning', got 'error'",
    );
    assert.deepEqual(failed.nearest[0].differences[0].path, "level");
    assert.deepEqual(failed.reasons, []);
    return true;
  });
});

inboxed("find fails where several match, none where one does", async (inbox) => {
  await message(inbox, "one");
  await message(inbox, "two");
  await assert.rejects(inbox.messages.find(), /Expected one message; 2 messages arrived:\n {2}1. 'one'\n {2}2. 'two'/);
  await assert.rejects(inbox.messages.none("one"), /Expected no message matching text='one'; 1 of 2 messages matched/);
  await inbox.messages.none("three");
  await inbox.errors.none({ within: 20 });
});

inboxed("none fails for what comes while it waits", async (inbox) => {
  const failing = assert.rejects(inbox.errors.none({ within: 30_000 }), /Expected no error within 30.0 s; 1 error arrived/);
  await error(inbox, "ValueError", "boom");
  await failing;
});

inboxed("where, wait, latest and count", async (inbox) => {
  const waiting = inbox.messages.wait(2, { level: "info" });
  await message(inbox, "one");
  const { cursor } = await inbox.counts();
  await message(inbox, "two");

  assert.deepEqual((await waiting).map((item) => item.text), ["one", "two"]);
  assert.deepEqual((await inbox.messages.where()).map((item) => item.text), ["one", "two"]);
  assert.deepEqual(await inbox.messages.where("three"), []);
  assert.deepEqual((await inbox.messages.where({ after: cursor })).map((item) => item.text), ["two"]);
  assert.equal((await inbox.messages.latest()).text, "two");
  assert.equal(await inbox.messages.count(), 2);
  assert.equal(await inbox.messages.count("one"), 1);
  await assert.rejects(inbox.messages.wait(3, { timeout: 20 }), /at least 3 messages within 0.02 s; 2 messages arrived/);
  await assert.rejects(inbox.messages.latest("three", { timeout: 20 }), /Expected at least 1 message matching text='three'/);
});

inboxed("errors are found by their class", async (inbox) => {
  await error(inbox, "TypeError", "no such cart");
  class OutOfStock extends Error {}
  for (const question of [[TypeError], ["no such cart"], [{ exception: "TypeError" }], [{ exception: TypeError }], [{ exception: /^Type/ }]])
    assert.equal((await inbox.errors.find(...question)).exception.type, "TypeError");
  await assert.rejects(inbox.errors.find(OutOfStock, { timeout: 20 }), /exception: expected OutOfStock, got TypeError/);
});

inboxed("a complete trace, and its tree", async (inbox) => {
  await send(inbox.dsn, checkout());
  const trace = await inbox.traces.find({ complete: true });
  assert.deepEqual([trace.trace_id, trace.transactions, trace.missing], [TRACE, ["checkout"], []]);
  const [root, ...others] = await trace.tree();
  assert.deepEqual([root.op, root.children.map((child) => child.op), others], ["http.server", ["db.query"], []]);
  assert.match(await trace.draw(), /^http.server .*\n.*db.query/);
  assert.deepEqual(JSON.parse(JSON.stringify(trace)), trace);
});

inboxed("a trace that is not complete says what is missing", async (inbox) => {
  await send(inbox.dsn, ["transaction", { ...checkout()[1], contexts: { trace: span("b", "d", "http.server") } }]);
  await assert.rejects(inbox.traces.find(TRACE, { complete: true, timeout: 50 }), /dddddddddddddddd/);
});

inboxed("a trace that is cut names the hop", async (inbox) => {
  const { origin, pathname, username } = new URL(inbox.dsn);
  const target = `${origin}${pathname.slice(0, -2)}/api/1/envelope/?sentry_key=${username}`;
  const service = (name, trace, context) => {
    const transaction = { transaction: name, server_name: name, start_timestamp: 1, timestamp: 2, contexts: { trace: context } };
    return fetch(target, { method: "POST", body: `${JSON.stringify({ trace })}\n{"type":"transaction"}\n${JSON.stringify(transaction)}` });
  };
  await service("page", { trace_id: TRACE, public_key: "public", release: "page@1" }, span("b", undefined, "pageload"));
  await (await inbox.traces.find()).assertContinuous();
  await service("stock", {}, span("c", "b", "http.server"));

  const trace = await inbox.traces.find();
  await assert.rejects(trace.assertContinuous({ timeout: 0 }), (failed) => {
    assert.ok(failed instanceof AssertionError);
    assert.match(failed.message, /drops the header baggage/);
    assert.match(failed.reasons[0], /^From 'page' .* to 'stock' .*: the trace id arrived and baggage did not/);
    return true;
  });
});

inboxed("attachments and envelopes give their bytes", async (inbox) => {
  await send(inbox.dsn, ["event", { message: "with file" }]);
  const { origin, pathname, username } = new URL(inbox.dsn);
  const header = JSON.stringify({ type: "attachment", filename: "cart.json", length: 10 });
  const body = `{}\n{"type":"event"}\n{"message":"cart"}\n${header}\n{"a":"ü"}\n`;
  await fetch(`${origin}${pathname.slice(0, -2)}/api/1/envelope/?sentry_key=${username}`, { method: "POST", body });

  const { attachments } = await inbox.messages.find("cart");
  assert.deepEqual(await attachments["cart.json"].json(), { a: "ü" });
  const file = await inbox.attachments.find("cart.json");
  assert.equal(await file.text(), '{"a":"ü"}');
  assert.deepEqual(Object.keys(file).includes("bytes"), false);
  const envelope = await inbox.envelopes.latest();
  assert.match(new TextDecoder().decode(await envelope.bytes()), /"message":"cart"/);
});

inboxed("an inbox holds its own alone, the server holds all", async (inbox) => {
  const other = await sentry.inbox({ name: "other", test: "a test" });
  await message(inbox, "mine alone");
  await message(other, "theirs alone");
  assert.equal((await inbox.messages.find()).text, "mine alone");
  assert.equal((await other.messages.find()).text, "theirs alone");
  assert.equal(await sentry.messages.count(/alone$/), 2);
  assert.equal((await (await connect(other.url)).messages.find()).text, "theirs alone");
  assert.equal((await other.envelopes.find()).test, "a test");
  await other.close();
  await other.close();
  await assert.rejects(other.messages.where(), (failed) => failed instanceof RequestError && failed.status === 404);
});

inboxed("faults, clear, findings, snapshot, explain, show", async (inbox) => {
  assert.match(await inbox.explain(), /No process has connected/);
  assert.equal(await inbox.show(), "");
  assert.deepEqual(await inbox.faults.set({ status: { code: 503, times: 1 } }), { status: { code: 503, times: 1 } });
  assert.deepEqual([await message(inbox, "lost"), await message(inbox, "kept")], [503, 200]);
  assert.deepEqual(await inbox.faults.get(), {});
  await inbox.faults.set({ delay: { seconds: 1 }, disconnect: [{ item_type: "log" }] });
  await inbox.faults.clear();
  assert.match(await inbox.show(), /1 event:\n {2}'kept'/);
  assert.equal((await inbox.snapshot()).events[0].message, "kept");
  await send(inbox.dsn, ["check_in", { monitor_slug: "nightly", status: "late" }]);
  assert.equal((await inbox.findings()).count >= 1, true);
  const { counts } = await inbox.counts();
  assert.deepEqual([counts.messages, counts.check_ins, counts.refused], [1, 1, 1]);
  await inbox.clear();
  assert.equal(await inbox.events.count(), 0);
});

inboxed("the stream tells what comes, by noun too", async (inbox) => {
  await message(inbox, "first");
  const told = [];
  for await (const request of inbox.stream()) {
    told.push([request.event, request.items[0].label]);
    if (told.length === 2) break;
    await message(inbox, "second");
  }
  assert.deepEqual(told, [["captured", "'first'"], ["captured", "'second'"]]);
  await error(inbox, "ValueError", "boom");
  for await (const request of inbox.stream({ noun: "errors", exception: "ValueError" })) {
    assert.deepEqual(request.items.map((item) => item.noun), ["errors"]);
    break;
  }
  for await (const item of inbox.messages.stream(/^second/)) {
    assert.equal(item.text, "second");
    break;
  }
});

inboxed("a stream that is cut goes on, and neither loses nor doubles", async (inbox) => {
  // A proxy that cuts the connection after each event, and every other time has no server behind it.
  let streams = 0;
  const proxy = createServer(async (request, answer) => {
    if (request.url.includes("/stream") && streams++ % 2) {
      answer.writeHead(502);
      return answer.end("bad gateway");
    }
    const upstream = new AbortController();
    const headers = { ...request.headers, host: new URL(sentry.url).host };
    const got = await fetch(sentry.url + request.url, { headers, signal: upstream.signal });
    answer.writeHead(got.status, { "content-type": got.headers.get("content-type") });
    if (!request.url.includes("/stream")) return answer.end(await got.text());
    let seen = "";
    for await (const chunk of got.body) {
      seen += new TextDecoder().decode(chunk);
      const event = /id: \d+\n.*\n\n/.exec(seen);
      if (event) {
        answer.write(event[0], () => answer.destroy());
        break;
      }
    }
    upstream.abort();
  });
  await new Promise((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  try {
    for (const text of ["one", "two", "three"]) await message(inbox, text);
    const through = await connect(`http://127.0.0.1:${proxy.address().port}/${inbox.name}`);
    const told = [];
    for await (const request of through.stream()) {
      told.push(request.items[0].label);
      if (told.length === 3) break;
    }
    assert.deepEqual(told, ["'one'", "'two'", "'three'"]);
  } finally {
    proxy.closeAllConnections();
    proxy.close();
  }
});

test("a stream ends with its inbox", async () => {
  const inbox = await sentry.inbox();
  await message(inbox, "first");
  let count = 0;
  for await (const request of inbox.stream()) {
    count += request.items.length;
    await inbox.close();
  }
  assert.equal(count, 1);
});

inboxed("a signal ends a wait and a stream", async (inbox) => {
  const waiting = new AbortController();
  const finding = inbox.messages.find("never", { timeout: 60_000, signal: waiting.signal });
  waiting.abort();
  await assert.rejects(finding, { name: "AbortError" });
  const listening = new AbortController();
  await message(inbox, "first");
  await assert.rejects(
    async () => {
      for await (const _ of inbox.stream({ signal: listening.signal })) listening.abort();
    },
    { name: "AbortError" },
  );
});

const PATTERNS = [
  /^Spec/, /failed$/, /^a$/, /^a$/m, /^b/m, /a.b/, /a.b/s, /[^]x/, /a[]|b/, /\d+/, /^\D+$/, /\w$/, /\W/, /\s/, /^\S+$/, /[\s\d]b/,
  /[^\W]$/, /[\D]/, /[\S]\s/, /\bkey\b/, /\Bey/, /\B/, /x{2}/, /x{,2}/, /x{1,}$/, /\{/, /}/, /]/, /[[]/, /[\]]/, /[a-]/, /[\w-]/, /[&&]/,
  /[~~|]/, /[+--]/, /\//, /\./, /\x41/, /\u0041/, /\u{41}/u, /\u{1F600}/u, /😀/, /[😀]/u, /\cJ/, /\0/, /\t/, /[\b]/, /(?<word>key)/, /(?:a|b)c?/,
  /a(?=\n)/, /a(?!\n)/, /(?<=k)ey/, /(?<!k)ey/, /a*?b/, /ü/i, /É/i, /SPEC/i, /\-/, /#/, /a b/, /\$5/, /\(x\)/, /\*/, /(?:)/, /\a/, /\Z/, /\A/,
  /^.$/u, /\u2028/, /[\u00e0-\u00ff]/, /[^a-z]/iu, /\ud83d\ude00/,
];
const SUBJECTS = [
  "Spec failed", "a", "a\n", "a\nb", "a\rb", "a\u2028b", "ab", "x", "\nx", "xx", "x{,2}", "{}", "[]", "key", "monkey", "käyé", "1234", "٣", "ü", "Ü", "É", "é",
  "é key", "\u00a0b", "\ufeff", " ", "A", "u".repeat(41), "😀", "\n", "\t", "\b", "\0", "a-b", "a&b", "~", "+", "-", ",", "/", ".", "#", "a b", "$5", "(x)", "*", "Z", "_",
  "ſ", "K",
];

inboxed("a regular expression finds what it finds in JavaScript", async (inbox) => {
  const header = JSON.stringify({ type: "log", item_count: SUBJECTS.length, content_type: "application/vnd.sentry.items.log+json" });
  const { origin, pathname, username } = new URL(inbox.dsn);
  const body = `{}\n${header}\n${JSON.stringify({ items: SUBJECTS.map((body) => ({ level: "info", body, timestamp: 1 })) })}`;
  await fetch(`${origin}${pathname.slice(0, -2)}/api/1/envelope/?sentry_key=${username}`, { method: "POST", body });
  assert.deepEqual((await inbox.logs.where()).map((log) => log.body), SUBJECTS);
  const differing = [];
  for (const pattern of PATTERNS) {
    const found = (await inbox.logs.where(pattern)).map((log) => log.body);
    const meant = SUBJECTS.filter((subject) => pattern.test(subject));
    if (JSON.stringify(found) !== JSON.stringify(meant)) differing.push([String(pattern), { found, meant }]);
  }
  assert.deepEqual(differing, []);
  for (const text of ["*", "~", "$5", "a\n", "x{,2}"]) assert.deepEqual((await inbox.logs.find(text)).body, text);
});

inboxed("what cannot be asked is refused with a sentence", async (inbox) => {
  const { messages, traces } = inbox;
  for (const [question, text] of [
    [() => messages.find(/a/y), "/a/y cannot be asked of the server, whose patterns are Python's: there is no flag y"],
    [() => messages.find(/\p{L}/u), "/\\p{L}/u cannot be asked of the server, whose patterns are Python's: there is no \\p{L}; name the characters, as in [a-zà-ÿ]"],
    [() => messages.find(/(a)\1/), /: there, a reference \(\\1\) to a group that took no part finds nothing$/],
    [() => messages.find(/(?<x>a)\k<x>/), /a reference \(\\k\) to a group/],
    [() => messages.find(undefined), "text is undefined: leave it out, or ask for null or anything"],
    [() => messages.find({ level: undefined }), "level is undefined: leave it out, or ask for null or anything"],
    [() => messages.find({ tags: {} }), "tags is an empty object, which says nothing: use anything"],
    [() => messages.find({ fingerprint: ["a"] }), 'fingerprint is a list, which cannot be asked for as a whole: ask for "fingerprint.0"'],
    [() => messages.find(() => true), /^text is a function, which cannot be sent to the server: criteria are text, numbers/],
    [() => messages.find({ level: new Map() }), /^level is a Map, which cannot/],
    [() => messages.find("a", "b"), 'criteria by name are an object, such as {level: "warning"}, got "b"'],
    [() => messages.find("a", {}, {}), "find takes a criterion and an object of criteria, got 3 arguments"],
    [() => messages.find({ timeout: "5" }), 'timeout is a number of milliseconds from 0 to 240000, got "5"'],
    [() => messages.find({ timeout: 1e9 }), "timeout is a number of milliseconds from 0 to 240000, got 1000000000"],
    [() => messages.find({ count: 2 }), "count is no criterion: use wait(count, ...)"],
    [() => messages.find({ complete: true }), "complete is no option of find: it takes timeout, signal, after, project"],
    [() => messages.wait("a"), 'how many to wait for comes first, as in wait(2, "text"), got a'],
    [() => messages.where({ timeout: 1 }), "timeout is no option of where: it takes signal, after, project"],
    [() => messages.find("\ud800"), "text holds half of a surrogate pair, which a URL cannot: use a RegExp"],
    [() => traces.find({ levl: "x" }), /^a trace has no field 'levl'/],
    [() => messages.find({ levl: "x" }), "a message has no field 'levl'; did you mean 'level'?"],
    [() => messages.find({ text: /(?<=a*)b/ }), /look-behind requires fixed-width pattern/],
    [() => inbox.faults.set({ stauts: {} }), "there is no fault 'stauts'; did you mean 'status'?"],
    [() => inbox.counts({ level: "x" }), /^there is no parameter 'level'/],
    [() => connect("8969"), 'the address of a fake Sentry is a URL such as http://127.0.0.1:8969, got "8969"'],
  ])
    await assert.rejects(question, (failed) => (text instanceof RegExp ? assert.match(failed.message, text) : assert.equal(failed.message, text), true));
});

test("a server that is not there is named, and one that comes is waited for", async () => {
  const server = createServer((_, answer) => answer.end('{"limit":null}'));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  await assert.rejects(connect(`http://127.0.0.1:${port}`, { timeout: 50 }), (failed) => {
    assert.ok(failed instanceof UnreachableError);
    assert.equal(failed.message, `no fake Sentry answers at http://127.0.0.1:${port} (ECONNREFUSED); this starts one: sentryintegration serve`);
    return true;
  });
  const connecting = connect(`http://127.0.0.1:${port}`, { timeout: 30_000 });
  server.listen(port, "127.0.0.1");
  await connecting;
  server.closeAllConnections();
  server.close();
});

test("a server that cannot answer at present is asked again", async () => {
  const left = [503, 502];
  const server = createServer((_, answer) => {
    answer.statusCode = left.pop() ?? 200;
    answer.end('{"limit":null,"error":"not now"}');
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${server.address().port}`;
  await connect(url, { timeout: 30_000 });
  left.push(503);
  await assert.rejects(connect(url, { timeout: 0 }), { status: 503, message: "not now" });
  server.closeAllConnections();
  server.close();
});

test("a request that fails otherwise than by its connection is not repeated", async () => {
  let asked = 0;
  let cuts = 2;
  const server = createServer((request, answer) => {
    if (request.url.startsWith("/cut")) return cuts-- > 0 ? request.socket.destroy() : answer.end('{"limit":null}');
    asked++;
    answer.writeHead(302, { location: "/elsewhere" });
    answer.end();
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${server.address().port}`;
  await assert.rejects(connect(url, { timeout: 30_000 }), { name: "UnreachableError", message: /unexpected redirect/ });
  await assert.rejects(connect("http://127.0.0.1:6000", { timeout: 30_000 }), { name: "UnreachableError", message: /bad port/ });
  assert.equal(asked, 1);
  await connect(`${url}/cut`, { timeout: 30_000 });
  server.closeAllConnections();
  server.close();
});

test("whatever a server cannot answer at present is asked again until the time is over", async () => {
  let asked = [];
  let failing = 0;
  let failed = () => {};
  const server = createServer((request, answer) => {
    asked.push(new URL(request.url, "http://x").searchParams.get("wait"));
    answer.statusCode = failing-- > 0 ? 503 : 200;
    if (answer.statusCode === 503) failed();
    answer.end('{"limit":null,"inbox":"w","items":[{}],"error":"not now"}');
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${server.address().port}`;
  const patient = await connect(url, { timeout: 30_000 });
  const inbox = await patient.inbox();
  for (const ask of [
    () => patient.messages.find("one"), () => patient.messages.wait(1), () => patient.messages.latest(), () => patient.messages.none({ within: 1 }),
    () => patient.messages.where(), () => patient.messages.count(), () => patient.counts(), () => patient.show(), () => patient.findings(),
    () => patient.explain(), () => patient.snapshot(), () => patient.clear(), () => patient.inbox(), () => inbox.close(), () => inbox.faults.get(),
    () => inbox.faults.set({}), () => inbox.faults.clear(), () => patient.messages.stream().next(), () => connect(url, { timeout: 30_000 }),
  ]) {
    [asked, failing] = [[], 2];
    await ask();
    assert.equal(asked.length, 3, String(ask));
  }

  // The server is asked to wait for what is left of the time.
  [asked, failing] = [[], 2];
  await patient.messages.find("one", { timeout: 20_000 });
  assert.equal(asked[0], "20");
  assert.ok(asked.slice(1).every((wait) => Number(wait) > 0 && Number(wait) < 20), asked.join());

  failing = Infinity;
  for (const [timeout, most] of [[0, 1], [120, 3]]) {
    asked = [];
    await assert.rejects(patient.messages.find("one", { timeout }), { status: 503, message: "not now" });
    assert.ok(asked.length >= 1 && asked.length <= most, `${timeout} ms: ${asked.length} times`);
  }
  const leaving = new AbortController();
  failed = () => setTimeout(() => leaving.abort(), 10);
  await assert.rejects(patient.messages.find("one", { timeout: 60_000, signal: leaving.signal }), { name: "AbortError" });
  server.closeAllConnections();
  server.close();
});

test("a time need not be a whole number of milliseconds", async () => {
  const inbox = await sentry.inbox();
  await assert.rejects(inbox.messages.find("two", { timeout: 0.5 }), AssertionError);
  await inbox.messages.none("two", { within: 10.25 });
  await inbox.close();
});

test("a wait ends when its inbox is closed", async () => {
  const inbox = await sentry.inbox();
  const waiting = inbox.messages.find("two", { timeout: 200_000 });
  await inbox.close();
  await assert.rejects(waiting, { status: 404, message: `there is no inbox '${inbox.name}': it was closed, or never opened` });
});

test("a token and headers are sent with every request", async () => {
  const said = [];
  const server = createServer((request, answer) => {
    said.push([request.headers.authorization, request.headers["x-proxy"]]);
    answer.end('{"limit":null,"items":[{}]}');
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const elsewhere = await connect(`http://127.0.0.1:${server.address().port}`, { token: "secret", headers: { "x-proxy": "yes" } });
  await elsewhere.messages.find();
  server.closeAllConnections();
  server.close();
  assert.deepEqual(said, [["Bearer secret", "yes"], ["Bearer secret", "yes"]]);
});

test("a token that is missing or wrong is told as the server tells it", async () => {
  const url = process.env.SERVER_WITH_TOKEN;
  await assert.rejects(connect(url), (failed) => failed instanceof RequestError && failed.status === 401 && /^reading needs a token/.test(failed.message));
  await assert.rejects(connect(url, { token: "wrong" }), /^RequestError: the token is wrong/);
  assert.equal(await (await connect(url, { token: "secret" })).events.count(), 0);
});
