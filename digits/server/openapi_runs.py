"""The part of the OpenAPI document on runs: how the training goes, its files, and what a person does to runs."""

from digits.runlog import schema
from digits.server.openapi_words import ALWAYS, NEEDS_TOKEN, described, given, problem, ref
from digits.server.static_files import CONTENT_TYPES

_TEXT = {"type": ["string", "null"]}
_SECTION = {"type": ["object", "null"]}
_RUN_ID = {"type": "string", "pattern": f"^{schema.RUN_ID.pattern}$"}

SCHEMAS = {
    "Status": described(
        {
            "run_id": _TEXT,
            "name": _TEXT,
            "status": _TEXT | {"description": f"As its trainer says: {', '.join(schema.STATUSES)}."},
            "phase": _TEXT,
            "started_at": _TEXT,
            "updated_at": _TEXT,
            "progress": _SECTION,
            "test": _SECTION,
            "error": _TEXT,
            "last": {"type": "object", "description": "The last number of each curve."},
            "liveness": {"type": ["string", "null"], "enum": [*schema.LIVENESSES, None]},
            "etags": {
                "type": "object",
                "description": "The present ETag of each file that a reader follows; null for a file that is missing.",
                "properties": {schema.TRAINING_LOG: _TEXT, schema.RUNS_INDEX: _TEXT},
            },
        },
        description="All null while there is no run.",
    ),
    "Runs": described(
        {
            "schema": {"const": schema.SCHEMA},
            "runs": {"type": "array", "items": described({"run_id": {"type": "string"}, "path": {"type": "string"}})},
        },
        description="Newest first.",
    ),
    "Wish": {
        "type": "object",
        "properties": {
            "name": {"type": "string", "maxLength": schema.LABEL_KEPT, "description": "Empty: its own again."},
            "hidden": {"type": "boolean"},
            "kept": {"type": "boolean", "description": "Never forgotten, however many runs follow."},
        },
        "minProperties": 1,
        "additionalProperties": False,
    },
}


def _in_path(name: str, schema: dict) -> dict:
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _reading(operation: str, summary: str, answer: dict, *parameters: dict, missing: str = "") -> dict:
    """A route that is only read."""
    answers = {"200": answer} | ({"404": problem(missing)} if missing else {}) | ALWAYS
    return {"get": {"operationId": operation, "summary": summary, "parameters": parameters, "responses": answers}}


def _changing(operation: str, summary: str, **body) -> dict:
    """What is done to a run."""
    answers = {
        "200": given(ref("Runs"), "The list of runs as it is then."),
        "404": problem("There is no such run."),
        "409": problem("The run is being trained."),
        "507": problem("The disk is full."),
    }
    answers |= ALWAYS | NEEDS_TOKEN["responses"]
    told = {"operationId": operation, "summary": summary, "responses": answers}
    return told | {"security": NEEDS_TOKEN["security"]} | body


_NAME = _in_path("name", {"type": "string", "enum": list(schema.FILES)})
_ID = _in_path("run_id", _RUN_ID)
_KINDS = sorted({CONTENT_TYPES["." + name.rpartition(".")[2]].partition(";")[0] for name in schema.FILES})
_FILE = {"description": "The file; results/README.md says what is in it.", "content": {kind: {} for kind in _KINDS}}
_LENGTHS = {"411": problem("The length of the body is not told."), "413": problem("The body is too large.")}

_CHANGE = _changing(
    "changeRun",
    "Name a run, hide it or show it, keep it or not.",
    requestBody={"required": True, "content": {"application/json": {"schema": ref("Wish")}}},
)
_CHANGE["responses"] |= _LENGTHS

PATHS = {
    "/training_status": _reading(
        "status", "How the training goes.", given(ref("Status"), "The short form of its log.")
    ),
    "/results/runs.json": _reading("runs", "All runs.", given(ref("Runs"), "The list of runs.")),
    "/results/{name}": _reading("file", "A file of the latest run.", _FILE, _NAME, missing="There is no such file."),
    "/results/runs/{run_id}/{name}": _reading(
        "earlierFile", "A file of an earlier run.", _FILE, _ID, _NAME, missing="There is no such run or file."
    ),
    "/runs/{run_id}": {
        "parameters": [_ID],
        "post": _CHANGE,
        "delete": _changing("deleteRun", "Delete a run's files for good."),
    },
    "/healthz": _reading(
        "health", "Whether the server answers.", given(described({"status": {"const": "ok"}}), "It does.")
    ),
    "/openapi.json": _reading("description", "This document.", given({"type": "object"}, "In OpenAPI 3.1.")),
}
