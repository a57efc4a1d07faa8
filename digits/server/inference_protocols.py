"""The inference protocols of other servers: KServe V1, TensorFlow Serving's REST API, and KServe V2.

V1          https://kserve.github.io/website/docs/concepts/architecture/data-plane/v1-protocol
TensorFlow  https://www.tensorflow.org/tfx/serving/api_rest
V2          https://github.com/kserve/open-inference-protocol (Open Inference Protocol)

The model is named mnist and has one version, 1. Errors of these paths are {"error": a sentence}.
"""

import functools
from collections.abc import Callable
from typing import Any

from digits.server.http_message import Problem, Request, Response, json_response
from digits.server.json_images import Image, arrays_in, images_in
from digits.server.predict_api import PredictApi
from digits.server.uploads import json_of

MODEL = r"([A-Za-z0-9._-]{1,80})"  # in the path
VERSION = r"(?:/versions/1)?"
_NAME = "mnist"
_OUTPUTS = {"label": ("INT64", [-1]), "probabilities": ("FP64", [-1, 10]), "status": ("BYTES", [-1])}
_V1_USAGE = 'Send {"instances": [images]}, each 28x28 numbers or {"b64": base64}.'
_V2_USAGE = 'Send {"inputs": [{"name": "image", "shape": [1, 28, 28], "datatype": "UINT8", "data": [784 numbers]}]}.'
_NUMERIC = ("UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64", "FP16", "FP32", "FP64", "BOOL")


def _errors_as_json(handler: Callable[..., Response]) -> Callable[..., Response]:
    """The handler with its problems as {"error": ...}."""

    @functools.wraps(handler)
    def answer(*arguments: Any) -> Response:
        try:
            return handler(*arguments)
        except Problem as problem:
            return json_response({"error": problem.error}, problem.headers, problem.status)

    return answer


class InferenceProtocols:
    """Answers in the formats of KServe V1 and V2, computed by `predict`."""

    def __init__(self, predict: PredictApi):
        self._predict = predict

    @_errors_as_json
    def v1_predict(self, request: Request, model: str) -> Response:
        """The probabilities of each instance."""
        _check_model(model)
        key = "predictions"

        def images_of(request: Request) -> list[Image]:
            nonlocal key
            body = json_of(request, _V1_USAGE)
            if not isinstance(body, dict) or not ("instances" in body or "inputs" in body):
                raise Problem(400, f'The body has no "instances". {_V1_USAGE}')
            if "instances" in body:
                return images_in(body["instances"], depth=1)
            key = "outputs"  # TensorFlow's columnar format
            return images_in(body["inputs"], depth=1)

        probabilities = [answer["probabilities"] for answer in self._answers(request, images_of)]
        return json_response({key: probabilities})

    @_errors_as_json
    def v1_status(self, _request: Request, model: str) -> Response:
        """The model's status in both formats: KServe's `ready`, and TensorFlow's state of each version."""
        _check_model(model)
        state = "AVAILABLE" if self._predict.ready else "START"
        version = {"version": "1", "state": state, "status": {"error_code": "OK", "error_message": ""}}
        return json_response({"name": model, "ready": self._predict.ready, "model_version_status": [version]})

    @_errors_as_json
    def v2_infer(self, request: Request, model: str) -> Response:
        """The outputs that the request names, or all of them, for each image."""
        _check_model(model)
        body: dict[str, Any] = {}

        def images_of(request: Request) -> list[Image]:
            if "inference-header-content-length" in request.headers:
                reason = "The binary tensor extension is not supported: send the data as JSON"
                raise Problem(400, f"{reason} (with tritonclient: binary_data=False).")
            value = json_of(request, _V2_USAGE)
            body.update(value if isinstance(value, dict) else {})
            _requested(body)  # before anything is computed
            return _tensor_images(body.get("inputs"))

        answers = self._answers(request, images_of)
        data = {
            "label": [int(answer["label"]) for answer in answers],
            "probabilities": [one for answer in answers for one in answer["probabilities"]],
            "status": [answer["status"] for answer in answers],
        }
        outputs = [
            {"name": name, "datatype": datatype, "shape": [len(answers), *shape[1:]], "data": data[name]}
            for name, (datatype, shape) in _OUTPUTS.items()
            if name in _requested(body)
        ]
        identifier = {"id": body["id"]} if isinstance(body.get("id"), str) else {}
        return json_response({"model_name": model, "model_version": "1", **identifier, "outputs": outputs})

    @_errors_as_json
    def v2_model(self, _request: Request, model: str) -> Response:
        """Metadata of the model: its inputs and outputs."""
        _check_model(model)
        inputs = [{"name": "image", "datatype": "UINT8", "shape": [-1, 28, 28]}]
        outputs = [{"name": name, "datatype": kind, "shape": shape} for name, (kind, shape) in _OUTPUTS.items()]
        versions = {"name": model, "versions": ["1"], "platform": "pytorch"}
        return json_response(versions | {"inputs": inputs, "outputs": outputs})

    @_errors_as_json
    def v2_model_ready(self, _request: Request, model: str) -> Response:
        """Readiness of the model; 400 while there is no network, since the protocol requires a 4xx."""
        _check_model(model)
        ready = self._predict.ready
        return json_response({"name": model, "ready": ready}, status=200 if ready else 400)

    def v2_live(self, _request: Request) -> Response:
        """Whether the server answers."""
        return json_response({"live": True})

    def v2_ready(self, _request: Request) -> Response:
        """Whether there is a trained network."""
        ready = self._predict.ready
        return json_response({"ready": ready}, status=200 if ready else 400)

    def v2_server(self, _request: Request) -> Response:
        """Metadata of the server: its name and API version."""
        return json_response({"name": "digits", "version": "1", "extensions": []})

    def _answers(self, request: Request, images_of: Callable[[Request], list[Image]]) -> list[dict[str, Any]]:
        """One per image. Raises Problem, also for no digit or several, which these formats can't express."""
        answers = self._predict.answers(request, images_of)
        for number, answer in enumerate(answers):
            if "error" in answer:
                raise Problem(400, f"Image {number}: {answer['error']}")
            if answer["status"] == "empty":
                raise Problem(400, f"Image {number}: no strokes were found above the background.")
            if answer["probabilities"] is None:
                raise Problem(400, f"Image {number} has several digits: send each separately, or use POST /predict.")
        return answers


def _check_model(model: str) -> None:
    if model != _NAME:
        raise Problem(404, f"There is no model {model!r}; the only one is {_NAME!r}.")


def _requested(body: dict[str, Any]) -> list[str]:
    """The names of the requested outputs. Raises Problem (400) for an unknown one."""
    outputs = body.get("outputs") or [{"name": name} for name in _OUTPUTS]
    found = outputs if isinstance(outputs, list) else [None]
    names = [str(one.get("name")) if isinstance(one, dict) else "" for one in found]
    if not _OUTPUTS.keys() >= set(names):
        raise Problem(400, f'"outputs" is a list of {{"name": ...}}; the names are {", ".join(_OUTPUTS)}.')
    return names


def _tensor_images(inputs: object) -> list[Image]:
    """The images in the request's only tensor. Raises Problem: 400, 413."""
    if not isinstance(inputs, list) or len(inputs) != 1 or not isinstance(inputs[0], dict):
        raise Problem(400, f'"inputs" is a list of one tensor. {_V2_USAGE}')
    tensor = inputs[0]
    shape, data = tensor.get("shape"), tensor.get("data")
    if tensor.get("datatype") == "BYTES" and isinstance(data, str):
        data = [data]
    if not isinstance(data, list) or not data:
        raise Problem(400, 'The tensor\'s "data" is a list of numbers; the binary extension is not supported.')
    if tensor.get("datatype") == "BYTES":
        return images_in(data, depth=1)  # of any shape: KServe's own examples have -1 and [-1]
    if not isinstance(shape, list) or not all(type(side) is int and (side > 0 or side == -1) for side in shape):
        raise Problem(400, 'The tensor\'s "shape" is a list of positive integers, such as [1, 28, 28].')
    if tensor.get("datatype") not in _NUMERIC:
        raise Problem(400, f'The tensor\'s "datatype" is one of {", ".join(_NUMERIC)}, or BYTES for base64.')
    return [*arrays_in(data, None if -1 in shape and isinstance(data[0], list) else tuple(shape))]
