import re

import sentryintegration


def hide_passwords(event, hint):
    for error in event.get("exception", {}).get("values", []):
        error["value"] = re.sub("//.*@", "//[hidden]@", error["value"])
    return event


def create_app():
    sentryintegration.init(before_send=hide_passwords, traces_sample_rate=1.0)
