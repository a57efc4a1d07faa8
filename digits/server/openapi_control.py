"""The part of the OpenAPI document on starting and steering trainings."""

from digits.runlog import commands
from digits.server.openapi_words import ALWAYS, NEEDS_TOKEN, described, given, problem, ref

_TEXT = {"type": "string"}
_EPOCHS = {"type": "integer", "minimum": 1, "maximum": commands.MOST_EPOCHS}

SCHEMAS = {
    "Control": described(
        {
            "allowed": {"type": "boolean", "description": "Whether this server lets anybody start and steer."},
            "authorized": {"type": "boolean", "description": "Whether the request has the token; without: no more."},
            "running": {"type": "boolean", "description": "Whether a trainer has the folder."},
            "resumable": {"type": "boolean", "description": "Whether the latest run is unfinished, and can go on."},
            "not_resumable": {
                "type": ["string", "null"],
                "description": "Why it can't, in a sentence; null where it can, or where no run is unfinished.",
            },
            "free_bytes": {"type": "integer", "minimum": 0, "description": "On the disk of the results."},
            "last_words": {
                "type": "array",
                "items": _TEXT,
                "maxItems": 20,
                "description": "The last lines that a trainer printed which was started here.",
            },
            "exit": {"type": ["integer", "null"], "description": "Its exit code, as shells count: 137 after kill -9."},
        },
        required=["allowed", "authorized", "running", "resumable"],
    ),
    "Request": {
        "type": "object",
        "properties": {
            "action": {"type": "string", "enum": list(commands.ACTIONS)},
            "value": {"type": ["number", "string"], "description": 'For lr 0.001, for epochs "+5" or 20.'},
        },
        "required": ["action"],
        "additionalProperties": False,
    },
    "Started": described({"command": _TEXT, "pid": {"type": "integer"}}),
    "Options": described(
        {
            "options": {
                "type": "array",
                "items": described(
                    {
                        "name": _TEXT,
                        "flag": _TEXT,
                        "kind": {"type": "string", "enum": ["choice", "int", "float", "bool", "text", "channels"]},
                        "help": _TEXT,
                    },
                    description="With choices or limits, default, and what stands for the default where it is null.",
                ),
            },
            "presets": {"type": "object"},
            "models": {"type": "object"},
            "always": {
                "type": "array",
                "items": _TEXT,
                "description": "Words that every command has here; only with the token.",
            },
        },
        required=["options", "presets", "models"],
    ),
}


def _sent(schema: dict) -> dict:
    """Where nothing has to be named, nothing need be sent."""
    return {"required": "required" in schema, "content": {"application/json": {"schema": schema}}}


def _asking(operation: str, summary: str, body: dict, status: str, answer: dict, conflict: str) -> dict:
    """A route that changes something."""
    answers = {
        status: answer,
        **ALWAYS,
        **NEEDS_TOKEN["responses"],
        "409": problem(conflict),
        "411": problem("The length of the body is not told."),
        "413": problem("The body is too large."),
        "503": problem("Options can't be checked: click is not installed."),
        "507": problem("The disk is full."),
    }
    more = {"requestBody": _sent(body), "responses": answers, "security": NEEDS_TOKEN["security"]}
    return {"operationId": operation, "summary": summary} | more


_STARTED = given(ref("Started"), "The trainer's process has begun; whether it comes to training, /control tells.")
_ANY_OPTIONS = {"type": "object", "description": "Values by the names that /options tells."}

PATHS = {
    "/options": {
        "get": {
            "operationId": "options",
            "summary": "The options of training, with their limits.",
            "responses": {
                "200": given(ref("Options"), "As the command line has them."),
                **ALWAYS,
                "503": problem("click is not installed."),
            },
        }
    },
    "/control": {
        "get": {
            "operationId": "control",
            "summary": "Whether a trainer runs, and what can be asked.",
            "responses": {"200": given(ref("Control"), "As it is now."), **ALWAYS},
        },
        "post": _asking(
            "ask",
            "Ask the running trainer for something.",
            ref("Request"),
            "202",
            given(described({"id": _TEXT}), "The event in the log that answers has this id as request."),
            "Nothing is being trained, or nobody reads requests yet.",
        ),
    },
    "/runs": {
        "post": _asking(
            "start",
            "Start a training.",
            {"type": "object", "properties": {"options": _ANY_OPTIONS}, "additionalProperties": False},
            "201",
            _STARTED,
            "A trainer is at work already.",
        )
    },
    "/resume": {
        "post": _asking(
            "resume",
            "Go on with the latest run.",
            {"type": "object", "properties": {"epochs": _EPOCHS}, "additionalProperties": False},
            "201",
            _STARTED,
            "A trainer is at work already, or there is nothing to go on with.",
        )
    },
}
