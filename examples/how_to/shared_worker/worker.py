import sys

import sentry_sdk

sentry_sdk.init()
print("ready", flush=True)
for line in sys.stdin:
    sentry_sdk.capture_message(f"no such task: {line.strip()}")
