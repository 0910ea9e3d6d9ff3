"""Makes `shop-report.html`, the report of the example shop, of the dump in `shop-dump`.

Run ``python docs/make_shop_report.py`` where the page or what a report holds has changed; a test compares.
``--record`` makes the dump, too: runs the tests of `examples/checkout`, of which two fail on purpose, and
takes the folders of this machine and its name out of what they sent.
"""

from __future__ import annotations

import getpass
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

from pytest_sentryintegration.report.building import build
from pytest_sentryintegration.wire.envelope import RawEnvelope, RawItem, parse_envelope, serialize_envelope

HERE = Path(__file__).parent
CHECKOUT = HERE.parent / "examples" / "checkout"
DUMP = HERE / "shop-dump"
REPORT = HERE / "shop-report.html"
TITLE = "The example shop"
TESTS = ("demo_failing.py", "tests/test_shop_reports.py")
OPTIONS = ("-q", "--rootdir=.", "-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:xdist")


def record() -> None:
    """Run the tests of the shop, and keep what they sent."""
    shutil.rmtree(DUMP, ignore_errors=True)
    command = [sys.executable, "-m", "pytest", *OPTIONS, f"--sentry-dump={DUMP}", *TESTS]
    done = subprocess.run(command, cwd=CHECKOUT, stdout=subprocess.DEVNULL)
    if done.returncode != 1:
        raise SystemExit(f"two of these tests fail on purpose; pytest ended with {done.returncode}")
    for path in DUMP.iterdir():
        body = path.read_bytes()
        path.write_bytes(_without_places(body) if path.suffix == ".jsonl" else _cleaned(body))


def _cleaned(body: bytes) -> bytes:
    envelope = parse_envelope(body)
    items = tuple(RawItem(item.headers, _without_places(item.payload)) for item in envelope.items)
    return serialize_envelope(RawEnvelope(envelope.headers, items))


def _without_places(data: bytes) -> bytes:
    """Return *data* without what names this machine: its folders, its name, its user."""
    folders = {
        str(CHECKOUT): "/shop",
        sys.prefix: "/python",
        sys.base_prefix: "/python",
        str(HERE.parent): "/sentryintegration",
    }
    for folder, name in folders.items():
        data = data.replace(folder.encode(), name.encode())
    data = re.sub(rb"/[^\s\"']*?pytest-of-[^/]+/pytest-\d+", b"/tmp/pytest", data)
    data = data.replace(b'"server_name":"%b"' % socket.gethostname().encode(), b'"server_name":"ci"')
    return data.replace(b"/home/%b/" % getpass.getuser().encode(), b"/home/ci/")


def report() -> bytes:
    """Return the report of the dump."""
    page, lacking = build([DUMP], TITLE)
    if lacking:
        raise SystemExit("\n".join(lacking))
    return page


if __name__ == "__main__":
    if "--record" in sys.argv:
        record()
    REPORT.write_bytes(report())
