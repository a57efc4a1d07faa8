"""/openapi.json: checked with Schemathesis, and compared with the code."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from digits.inference import images
from digits.runlog import contract, control_actions
from digits.runlog.run_log import RunLog
from digits.server import OPENAPI, predict_api, uploads
from digits.server.routes import Site
from tests.support.example_project import server_of
from tests.support.http_client import ask, serving
from tests.test_predict import weights  # noqa: F401  (fixture)

pytestmark = pytest.mark.process

DOCUMENT = json.loads(OPENAPI.read_text(encoding="utf-8"))
API = (Path(__file__).parent.parent / "docs" / "api.md").read_text(encoding="utf-8")
CONFIG = Path(__file__).with_name("schemathesis.toml")
ROUTES = Site(Path()).routes
EXAMPLES = 15  # of each kind for each route


@pytest.fixture(scope="module")
def site(tmp_path_factory, weights):  # noqa: F811
    """A server with a live run that has weights, and an earlier run."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "web").mkdir()
    with RunLog(folder / "results", name="earlier") as log:
        log.batch(1, loss=0.5)
    with RunLog(folder / "results", name="live") as log, serving(server_of(folder)) as running:
        log.batch(1, loss=0.5)
        log.save(contract.WEIGHTS, weights.read_bytes())
        yield running


def test_schemathesis_finds_no_violation(site, tmp_path):
    host, port = site.server_address[:2]
    url = f"http://{host}:{port}"
    options = ["--seed", "1", "--max-examples", str(EXAMPLES), "--generation-deterministic"]
    options += ["--header", f"X-Control-Token: {site.token}"]
    options += ["--request-timeout", "20", "--warnings", "off", "--suppress-health-check", "all"]
    command = [
        sys.executable,
        "-m",
        "schemathesis.cli",
        "--no-color",
        "--config-file",
        str(CONFIG),
        "run",
        f"{url}/openapi.json",
    ]
    done = subprocess.run([*command, *options], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert f"{len(operations())} tested" in done.stdout or "No issues found" in done.stdout, done.stdout[-2000:]


def operations() -> list[tuple[str, str]]:
    methods = ("get", "post", "put", "delete")
    return [(path, method) for path, item in DOCUMENT["paths"].items() for method in methods if method in item]


# A path for each documented route, and those of the page, which are not documented.
DESCRIBED = {
    "/predict": "/predict",
    "/v1/models/mnist:predict": "/v1/models/mnist:predict",
    "/v1/models/mnist": "/v1/models/mnist",
    "/v2/models/mnist/infer": "/v2/models/mnist/infer",
    "/v2/models/mnist": "/v2/models/mnist",
    "/v2/models/mnist/ready": "/v2/models/mnist/ready",
    "/v2/health/live": "/v2/health/live",
    "/v2/health/ready": "/v2/health/ready",
    "/v2": "/v2",
    "/openapi.json": "/openapi.json",
    "/training_status": "/training_status",
    "/report": "/report",
    "/healthz": "/healthz",
    "/results/runs.json": "/results/runs.json",
    "/results/{name}": "/results/training_log.json",
    "/results/runs/{run_id}/{name}": "/results/runs/x/training_log.json",
    "/runs/{run_id}": "/runs/x",
    "/runs": "/runs",
    "/resume": "/resume",
    "/queue": "/queue",
    "/queue/{id}": "/queue/x",
    "/control": "/control",
    "/options": "/options",
}
OF_THE_PAGE = ("/", "/web/main.js", "/examples/demo/training_log.json", "/examples/demo/runs.json")


def test_every_route_for_programs_is_described_with_its_methods():
    assert DOCUMENT["paths"].keys() == DESCRIBED.keys()
    for name, path in DESCRIBED.items():
        route = next(route for route in ROUTES if route.pattern.fullmatch(path))
        assert {method.upper() for place, method in operations() if place == name} == route.handlers.keys()
    routes = [route.pattern for route in ROUTES]
    assert all(any(route.fullmatch(path) for path in (*DESCRIBED.values(), *OF_THE_PAGE)) for route in routes)


SERVER_WIDE = ("403", "405")  # errors before a request reaches its handler


@pytest.mark.parametrize(("path", "method"), operations())
def test_every_error_is_described_as_a_problem(path, method):
    responses = DOCUMENT["paths"][path][method]["responses"]
    assert {"400", "403", "405"} < responses.keys()
    for status, response in responses.items():
        if not status.startswith("2"):
            own_format = ["application/json"] if path.startswith(("/v1", "/v2")) and status not in SERVER_WIDE else []
            assert list(response["content"]) == [*own_format, "application/problem+json"]


def test_files_are_described_by_the_names_they_have(site):
    names = DOCUMENT["paths"]["/results/{name}"]["get"]["parameters"][0]["schema"]["enum"]
    assert ask(site, f"/results/{contract.TRAINING_LOG}").status == 200
    assert set(names) == set(contract.FILES)


def test_limits_and_names_match_the_code():
    text = json.dumps(DOCUMENT, ensure_ascii=False)
    for limit in (images.MAX_BYTES, images.MAX_PIXELS, images.MAX_WEBP_PIXELS, images.MAX_SIDE, uploads.MAX_UPLOAD):
        assert f"{limit:,}" in text
    form = DOCUMENT["paths"]["/predict"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert {name.removesuffix("[]") for name in form["properties"]} <= set(uploads.FIELDS)
    assert f"{predict_api.BUDGET_S:g} s" in text


def test_the_api_document_describes_every_operation_and_no_other():
    described = re.findall(r"^### (GET|POST|PUT|DELETE) (/\S+)$", API, re.MULTILINE)
    assert sorted(described) == sorted((method.upper(), path) for path, method in operations())


def test_the_api_document_lists_every_control_action():
    table = API.partition("### POST /control")[2].partition("## Service")[0]
    rows = re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
    assert sorted(re.findall(r"`(\w+)`", " ".join(rows[1:]))) == sorted(control_actions.ACTIONS)


def test_every_url_of_an_example_has_a_route():
    paths = re.findall(r"http://127\.0\.0\.1:8000(/[\w/.-]*)", API)
    assert len(paths) > 20
    assert [path for path in paths if not any(route.pattern.fullmatch(path) for route in ROUTES)] == []
