"""A tracer that keeps the runs, and a server on this machine that takes them as LangSmith does."""

from __future__ import annotations

import json
import re
from typing import Any

from langchain_core.tracers.base import BaseTracer
from langchain_core.tracers.schemas import Run
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

__all__ = ["KeepingTracer", "TraceServer"]


class KeepingTracer(BaseTracer):
    """A tracer that keeps each run when it ends."""

    def __init__(self) -> None:
        super().__init__()
        self.runs: list[Run] = []

    def metadata(self, name: str) -> list[dict[str, Any]]:
        """The metadata of each run of that name, in the order in which they ended."""
        return [dict(run.extra["metadata"]) for run in self.runs if run.name == name]

    def _persist_run(self, run: Run) -> None:
        """Keep nothing but what `_on_run_update` keeps."""

    def _on_run_update(self, run: Run) -> None:
        self.runs.append(run)


class TraceServer(HTTPServer):
    """LangSmith's two endpoints for runs: what it can take, and a batch of them as JSON."""

    def __init__(self) -> None:
        super().__init__(port=0)
        self.metadata: dict[str, dict[str, Any]] = {}
        """The last metadata that was sent for each name of a run."""
        self.requests = 0
        self.expect_request("/info").respond_with_handler(self._info)
        self.expect_request(re.compile("/runs.*")).respond_with_handler(self._runs)

    def _info(self, request: Request) -> Response:
        self.requests += 1
        limits = {
            "use_multipart_endpoint": False,
            "size_limit": 100,
            "size_limit_bytes": 20_000_000,
            "scale_up_nthreads_limit": 1,
            "scale_up_qsize_trigger": 1_000,
            "scale_down_nempty_trigger": 4,
        }
        return Response(json.dumps({"version": "0.12", "batch_ingest_config": limits}), content_type="application/json")

    def _runs(self, request: Request) -> Response:
        self.requests += 1
        batch = json.loads(request.get_data())
        for run in [*batch.get("post", ()), *batch.get("patch", ())]:
            self.metadata[run["name"]] = run["extra"]["metadata"]
        return Response("{}", status=202)
