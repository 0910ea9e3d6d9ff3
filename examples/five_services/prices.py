"""The prices: a service instrumented by OpenTelemetry alone, between the API and the stock.

It knows nothing of Sentry: it goes on with a trace by the W3C headers ``traceparent`` and ``baggage``, and
sends its spans as OTLP.
"""

from __future__ import annotations

import http.client
import os
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import urlsplit

from gateway import PATIENCE
from opentelemetry import context, propagate
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import SpanKind

dsn = urlsplit(os.environ["SENTRY_DSN"])
inbox, _, project = dsn.path.rpartition("/")
provider = TracerProvider(resource=Resource.create({"service.name": "prices"}))
exporter = OTLPSpanExporter(
    f"http://{dsn.hostname}:{dsn.port}{inbox}/api/{project}/integration/otlp/v1/traces",
    headers={"x-sentry-auth": f"sentry sentry_key={dsn.username}"},
)
provider.add_span_processor(SimpleSpanProcessor(exporter))
tracer = provider.get_tracer("prices")
POST = {"http.request.method": "POST"}


class Prices(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        # Attached, since it holds the baggage, too: without that the stock would get the trace id alone.
        context.attach(propagate.extract({name.lower(): value for name, value in self.headers.items()}))
        with (
            tracer.start_as_current_span("POST /prices", kind=SpanKind.SERVER, attributes=POST),
            tracer.start_as_current_span("POST stock", kind=SpanKind.CLIENT, attributes=POST),
        ):
            headers: dict[str, str] = {}
            propagate.inject(headers)
            stock = http.client.HTTPConnection("127.0.0.1", int(os.environ["STOCK_PORT"]), timeout=PATIENCE)
            stock.request("POST", self.path, headers=headers)
            body = stock.getresponse().read()
            stock.close()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


if __name__ == "__main__":
    server = HTTPServer(("127.0.0.1", 0), Prices)
    print("listening on", server.server_port, flush=True)
    server.serve_forever()
