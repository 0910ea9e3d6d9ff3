import os

import sentry_sdk

sentry_sdk.init(os.environ.get("SENTRY_DSN"), release="tea@1.4", traces_sample_rate=1.0)


def brew():
    sentry_sdk.capture_message("out of tea")
