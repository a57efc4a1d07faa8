"""Routes of the server: every URL, its handlers by method, and who may use it."""

import re
from pathlib import Path
from typing import Any

from digits.paths import DEMO, PAGE
from digits.runlog import contract
from digits.server.control_api import ControlApi
from digits.server.guard import Authorization
from digits.server.http_message import Request, Response, json_response
from digits.server.inference_protocols import MODEL, VERSION, InferenceProtocols
from digits.server.predict_api import PredictApi
from digits.server.queue_api import QueueApi
from digits.server.queue_worker import QueueWorker
from digits.server.report_api import ReportApi
from digits.server.results_api import ResultsApi
from digits.server.router import Route, Router
from digits.server.static_files import GzipCache, PageFiles
from digits.server.trainer_process import TrainerProcess
from digits.server.uploads import MAX_UPLOAD

WEB_FILE = r"/web/(?:([a-z]+)/)?([A-Za-z0-9_.-]+)"


class Site(Router):
    """All URLs: the page of `project`, the runs in `results`, predictions, and control for those with `access`.

    A request path is compared to names in this table or in a folder, and never joined to a folder.
    """

    def __init__(self, results: Path, project: Path = PAGE, access: Authorization | None = None):
        access = access or Authorization()
        compressed = GzipCache()
        page, runs = PageFiles(project, compressed), ResultsApi(results, compressed)
        demo = ResultsApi(project / DEMO, compressed)
        trainer = TrainerProcess(results)
        control, predict = ControlApi(results, access, trainer), PredictApi(results)
        self.queue_worker = QueueWorker(results, trainer, control.fixed_args)
        queue = QueueApi(results, self.queue_worker)
        protocols = InferenceProtocols(predict)
        upload: dict[str, Any] = {"public": True, "cross_origin": True, "max_body": MAX_UPLOAD}
        run, file = contract.RUN_ID.pattern, "|".join(map(re.escape, contract.FILES))
        routes = [
            Route(r"/(?:index\.html)?", GET=page.page),
            Route(WEB_FILE, GET=page.web_file),
            Route(rf"/results/({file})", GET=runs.live_file, cross_origin=True),
            Route(rf"/results/{contract.RUNS_INDEX}", GET=runs.runs_index, cross_origin=True),
            Route(rf"/results/runs/({run})/({file})", GET=runs.earlier_file, cross_origin=True),
            Route(rf"/examples/demo/({file})", GET=demo.live_file, cross_origin=True),
            Route(rf"/examples/demo/{contract.RUNS_INDEX}", GET=demo.runs_index, cross_origin=True),
            Route(rf"/runs/({run})", POST=runs.change_run, DELETE=runs.delete_run),
            Route(r"/runs", POST=control.start),
            Route(r"/resume", POST=control.resume),
            Route(r"/queue", GET=queue.state, POST=queue.add, DELETE=queue.cancel_all),
            Route(rf"/queue/({run})", DELETE=queue.cancel),
            Route(r"/control", GET=control.state, POST=control.send_command),
            Route(r"/options", GET=control.options),
            Route(r"/predict", POST=predict.answer, PUT=predict.answer, **upload),
            Route(rf"/v1/models/{MODEL}{VERSION}:predict", POST=protocols.v1_predict, **upload),
            Route(rf"/v1/models/{MODEL}{VERSION}", GET=protocols.v1_status, cross_origin=True),
            Route(rf"/v2/models/{MODEL}{VERSION}/infer", POST=protocols.v2_infer, **upload),
            Route(rf"/v2/models/{MODEL}{VERSION}", GET=protocols.v2_model, cross_origin=True),
            Route(rf"/v2/models/{MODEL}{VERSION}/ready", GET=protocols.v2_model_ready, cross_origin=True),
            Route(r"/v2/health/live", GET=protocols.v2_live, cross_origin=True),
            Route(r"/v2/health/ready", GET=protocols.v2_ready, cross_origin=True),
            Route(r"/v2", GET=protocols.v2_server, cross_origin=True),
            Route(r"/openapi\.json", GET=page.openapi, cross_origin=True),
            Route(r"/report", GET=ReportApi(results).report),
            Route(r"/training_status", GET=runs.training_status, cross_origin=True),
            Route(r"/healthz", GET=health, cross_origin=True),
        ]
        super().__init__(routes, access)

    def start(self) -> None:
        """Start queued runs, if this server may."""
        if self.access.allowed:
            self.queue_worker.start()


def health(_request: Request) -> Response:
    """Liveness probe."""
    return json_response({"status": "ok"})
