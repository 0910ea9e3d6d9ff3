import assert from "node:assert/strict";
import { after, test } from "node:test";
import * as Sentry from "@sentry/node";
import { connect } from "sentryintegration";

const sentry = await connect();
const inbox = await sentry.inbox({ name: "cart" });
after(() => inbox.close());
Sentry.init({ dsn: inbox.dsn });

test("a cart that is gone is reported", async () => {
  Sentry.captureException(new TypeError("no such cart"));

  const error = await inbox.errors.find(TypeError, { level: "error" });
  assert.equal(error.text, "no such cart");
});
