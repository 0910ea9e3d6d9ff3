"""Sends spans and logs with opentelemetry-sdk's exporter, as protobuf or JSON, and says what it sent.

The format and the compression are its arguments.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from typing import Any
from urllib.parse import urlsplit

FORMAT, COMPRESSION = sys.argv[1:]
DSN = urlsplit(os.environ["SENTRY_DSN"])
PATH, PROJECT = DSN.path.rsplit("/", 1)
ENDPOINT = f"http://{DSN.hostname}:{DSN.port}{PATH}/api/{PROJECT}/integration/otlp/v1"

traces: Any = importlib.import_module(f"opentelemetry.exporter.otlp.{FORMAT}.http.trace_exporter")
log_exporter: Any = importlib.import_module(f"opentelemetry.exporter.otlp.{FORMAT}.http._log_exporter")
trace: Any = importlib.import_module("opentelemetry.trace")
sdk: Any = importlib.import_module("opentelemetry.sdk.trace")
export: Any = importlib.import_module("opentelemetry.sdk.trace.export")
resources: Any = importlib.import_module("opentelemetry.sdk.resources")
sdk_logs: Any = importlib.import_module("opentelemetry.sdk._logs")
logs: Any = importlib.import_module("opentelemetry._logs")
export_logs: Any = importlib.import_module("opentelemetry.sdk._logs.export")

os.environ["OTEL_EXPORTER_OTLP_COMPRESSION"] = COMPRESSION
options: dict[str, Any] = {"headers": {"x-sentry-auth": f"sentry sentry_key={DSN.username}"}}
sent = {"spans": 0, "logs": 0}
resource = resources.Resource.create({"service.name": "shop", "service.version": "1.2.3"})


class CountingSpans(traces.OTLPSpanExporter):  # type: ignore[misc]
    def export(self, spans: Any) -> Any:
        sent["spans"] += len(spans)
        result = super().export(spans)
        assert result is export.SpanExportResult.SUCCESS, result
        return result


class CountingLogs(log_exporter.OTLPLogExporter):  # type: ignore[misc]
    def export(self, batch: Any) -> Any:
        sent["logs"] += len(batch)
        return super().export(batch)


provider = sdk.TracerProvider(resource=resource)
provider.add_span_processor(
    export.BatchSpanProcessor(CountingSpans(endpoint=f"{ENDPOINT}/traces", **options))
)
logging_provider = sdk_logs.LoggerProvider(resource=resource)
logging_provider.add_log_record_processor(
    export_logs.BatchLogRecordProcessor(CountingLogs(endpoint=f"{ENDPOINT}/logs", **options))
)
tracer = provider.get_tracer("shop", "1.0")
logger = logging_provider.get_logger("shop")

with tracer.start_as_current_span("GET /cart", kind=trace.SpanKind.SERVER) as root:
    root.set_attribute("http.request.method", "GET")
    logger.emit(
        body="cart opened",
        severity_number=logs.SeverityNumber.WARN,
        severity_text="WARN",
        attributes={"cart": 7},
    )
    with tracer.start_as_current_span("SELECT cart", kind=trace.SpanKind.CLIENT) as query:
        query.set_attributes(
            {
                "db.system.name": "postgresql",
                "rows": 3,
                "ratio": 0.5,
                "cached": False,
                "tables": ["cart", "item"],
            }
        )
        query.add_event("fetched", {"page": 1})
    try:
        with tracer.start_as_current_span("charge"):
            raise ValueError("declined: ünïcode")
    except ValueError:
        pass

logging_provider.force_flush()
provider.force_flush()
context = root.get_span_context()
said = {**sent, "trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}"}
print(json.dumps(said))  # noqa: T201
