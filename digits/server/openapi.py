"""What the server takes and gives, POST /predict above all, in the words of OpenAPI 3.1: served as /openapi.json."""

from digits.inference.images import FORMATS, MAX_BYTES, MAX_PIXELS, MAX_SIDE
from digits.server import access, openapi_control, openapi_runs
from digits.server.openapi_words import ALWAYS, described, problem, ref
from digits.server.predict_api import BUDGET_S
from digits.server.uploads import FIELDS, MOST

_LABELS = [str(digit) for digit in range(10)]
_PART = {"type": "number", "minimum": 0, "maximum": 1}
_LABEL = {"type": "string", "enum": _LABELS}
_BASE64 = {"type": "string", "contentEncoding": "base64"}
_PICTURE = {"type": "string", "format": "binary"}
_LIMITS = f"At most {MAX_BYTES:,} bytes, {MAX_PIXELS:,} pixels in all, {MAX_SIDE:,} pixels on a side."


_SCORES = {"type": "array", "items": described({"label": _LABEL, "score": _PART}), "maxItems": 10}
_SCHEMAS = {
    "Problem": described(
        {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "error": {"type": "string", "description": "The same as detail."},
            "field": {"type": "string", "description": "The option at fault, where it is one."},
        },
        required=["type", "title", "status", "detail", "error"],
    ),
    "Scores": _SCORES | {"description": "The likeliest first."},
    "Answer": described(
        {
            "label": {
                "anyOf": [_LABEL, {"type": "null"}],
                "description": "null of an empty picture among others; of what is no digit the nearest one.",
            },
            "score": {"anyOf": [_PART, {"type": "null"}]},
            "probabilities": {
                "anyOf": [{"type": "array", "items": _PART, "minItems": 10, "maxItems": 10}, {"type": "null"}],
                "description": "Of the digits 0 to 9, in this order.",
            },
            "temperature": {
                "type": ["number", "null"],
                "exclusiveMinimum": 0,
                "description": "What the logits were divided by; null: the probabilities are uncalibrated.",
            },
            "predictions": ref("Scores"),
            "status": {"type": "string", "enum": ["ok", "uncertain", "not_a_digit", "empty"]},
            "reason": {"type": ["string", "null"], "description": "Why it is not_a_digit."},
            "model": described(
                {
                    "run_id": {"type": ["string", "null"]},
                    "epoch": {"type": ["integer", "null"]},
                    "sha256": {"type": ["string", "null"]},
                }
            ),
            "preprocessing": described(
                {
                    "inverted": {"type": "boolean", "description": "Whether the ink was darker than the paper."},
                    "box": {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 4},
                    "shift": {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2},
                    "image": {"type": "string", "description": "The 28x28 pixels that the network saw: a data URL."},
                }
            ),
            "elapsed_ms": {"type": "number"},
        },
    )
    | {"description": "In a list of answers without elapsed_ms.", "required": ["label", "score", "status"]},
    "Answers": described(
        {"answers": {"type": "array", "items": ref("Answer"), "maxItems": MOST}, "elapsed_ms": {"type": "number"}}
    ),
}
_JSON = {
    "oneOf": [
        described({"image": {"type": "string", "description": "A data URL, or base64."}}),
        described({"inputs": _BASE64}),
        described(
            {
                "instances": {
                    "type": "array",
                    "minItems": 1,
                    "maxItems": MOST,
                    "items": {
                        "oneOf": [
                            described({"data": _BASE64}),
                            {
                                "type": "array",
                                "minItems": 28,
                                "maxItems": 28,
                                "items": {
                                    "type": "array",
                                    "minItems": 28,
                                    "maxItems": 28,
                                    "items": {"type": "number", "minimum": 0, "maximum": 255},
                                },
                            },
                        ]
                    },
                }
            }
        ),
    ]
}
_BODY = {
    "required": True,
    "description": f"A picture in {', '.join(FORMATS)}, in one of these ways. {_LIMITS}",
    "content": {
        "application/json": {"schema": _JSON},
        "multipart/form-data": {
            "schema": {"type": "object", "minProperties": 1, "properties": dict.fromkeys(FIELDS, _PICTURE)}
        },
        "application/octet-stream": {"schema": _PICTURE},
    },
}
_PARAMETERS = [
    {
        "name": "format",
        "in": "query",
        "description": "hf: the scores alone, as Hugging Face's clients read them.",
        "schema": {"type": "string", "enum": ["hf"]},
    },
    {"name": "run", "in": "query", "description": "The weights of that run.", "schema": {"type": "string"}},
    {
        "name": "epoch",
        "in": "query",
        "description": "The weights after that epoch, where they were kept.",
        "schema": {"type": "integer", "minimum": 0, "maximum": 9_999_999},
    },
]
_ANSWERS = {
    "200": {
        "description": "Which digits were read. Several pictures have several answers.",
        "content": {
            "application/json": {
                "schema": {
                    "anyOf": [
                        ref("Answer"),
                        ref("Answers"),
                        ref("Scores"),
                        {
                            "type": "array",
                            "items": ref("Scores"),
                            "description": "With format=hf, of several pictures.",
                        },
                    ]
                }
            },
        },
    },
    **ALWAYS,
    "404": problem("There are no such weights."),
    "411": problem("The length of the body is not told."),
    "413": problem(f"Too large, or more pictures than can be read in {BUDGET_S:g} s of computing. {_LIMITS}"),
    "415": problem("No picture that is read here."),
    "422": problem("Nothing is drawn on the picture."),
    "503": problem("No network has been trained yet, or too many pictures wait.", Retry_After="Seconds to wait."),
}

DOCUMENT = {
    "openapi": "3.1.0",
    "info": {
        "title": "MNIST CNN",
        "version": "1",
        "description": "Reads the digit on a picture with the newest network that was trained here, and tells of runs.",
    },
    "paths": {
        "/predict": {
            "post": {
                "operationId": "predict",
                "summary": "Which digit is that?",
                "parameters": _PARAMETERS,
                "requestBody": _BODY,
                "responses": _ANSWERS,
            }
        },
        **openapi_runs.PATHS,
        **openapi_control.PATHS,
    },
    "components": {
        "schemas": _SCHEMAS | openapi_runs.SCHEMAS | openapi_control.SCHEMAS,
        "securitySchemes": {
            "token": {
                "type": "apiKey",
                "in": "header",
                "name": access.HEADER,
                "description": "Printed by the server at its start, behind #token= in the page's address.",
            }
        },
    },
}
