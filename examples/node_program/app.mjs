import * as Sentry from "@sentry/node";

Sentry.init({ dsn: process.env.SENTRY_DSN });
Sentry.captureException(new TypeError("no such cart"));
await Sentry.flush(5000);
