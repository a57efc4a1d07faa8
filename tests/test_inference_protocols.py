"""KServe V1 and V2 and TensorFlow Serving's REST API, with requests as their specifications write them."""

import json

import numpy as np
import pytest

from tests.support.example_project import server_of
from tests.support.http_client import ask, serving
from tests.test_predict import digits, weights  # noqa: F401  (fixtures)
from tests.test_predict_api import coded, in_json, picture, post, site  # noqa: F401  (fixtures)

PREDICT, INFER = "/v1/models/mnist:predict", "/v2/models/mnist/infer"


def tensor(pixels: np.ndarray, datatype: str = "UINT8", **extra) -> dict:
    return {"name": "image", "shape": list(pixels.shape), "datatype": datatype, "data": pixels.ravel().tolist()} | extra


@pytest.mark.parametrize("path", [PREDICT, "/v1/models/mnist/versions/1:predict"])
def test_tensorflow_serving_answers_rows_with_the_probabilities_of_each_instance(site, digits, path):  # noqa: F811
    images, labels = digits
    instances = (images[:3, :, :, None] / 255).tolist()
    reply = post(site, *in_json({"signature_name": "serving_default", "instances": instances}), path=path).json()
    assert reply.keys() == {"predictions"}
    assert np.argmax(reply["predictions"], axis=1).tolist() == list(labels[:3])
    assert np.sum(reply["predictions"], axis=1) == pytest.approx([1, 1, 1])


def test_tensorflow_serving_answers_columns_with_outputs(site, digits):  # noqa: F811
    images, labels = digits
    reply = post(site, *in_json({"inputs": {"image": images[:2].tolist()}}), path=PREDICT).json()
    assert reply.keys() == {"outputs"} and np.argmax(reply["outputs"], axis=1).tolist() == list(labels[:2])


@pytest.mark.parametrize("name", ["conv2d_input", "keras_tensor"])
def test_tensorflow_serving_reads_inputs_that_the_model_names(site, digits, name):  # noqa: F811
    images, labels = digits
    rows = {"instances": [{name: (image[..., None] / 255).tolist()} for image in images[:2]]}
    columns = {"inputs": {name: images[:2].tolist()}}
    for body, key in ((rows, "predictions"), (columns, "outputs")):
        reply = post(site, *in_json(body), path=PREDICT).json()
        assert np.argmax(reply[key], axis=1).tolist() == list(labels[:2])


def test_kserve_v1_reads_base64(site, picture):  # noqa: F811
    body = {"instances": [{"image_bytes": {"b64": coded(picture[0])}, "key": "1"}]}
    reply = post(site, *in_json(body), path=PREDICT).json()
    assert str(np.argmax(reply["predictions"][0])) == picture[1]


def test_the_status_has_the_fields_of_both_protocols(site):  # noqa: F811
    reply = ask(site, "/v1/models/mnist").json()
    assert (reply["name"], reply["ready"]) == ("mnist", True)
    version = reply["model_version_status"][0]
    assert version == {"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}


@pytest.mark.parametrize("datatype", ["UINT8", "FP32"])
@pytest.mark.parametrize("shape", [(-1, 28, 28), (-1, 28, 28, 1), (-1, 1, 28, 28), (-1, 784)])
def test_kserve_v2_answers_a_tensor_for_each_output(site, digits, datatype, shape):  # noqa: F811
    images, labels = digits
    pixels = images[:2].reshape(shape)
    body = {"id": "42", "inputs": [tensor(pixels if datatype == "UINT8" else pixels / 255, datatype)]}
    reply = post(site, *in_json(body), path=INFER).json()
    assert (reply["model_name"], reply["model_version"], reply["id"]) == ("mnist", "1", "42")
    outputs = {one["name"]: one for one in reply["outputs"]}
    assert outputs["label"] == {"name": "label", "datatype": "INT64", "shape": [2], "data": list(labels[:2])}
    assert (outputs["probabilities"]["datatype"], outputs["probabilities"]["shape"]) == ("FP64", [2, 10])
    assert np.reshape(outputs["probabilities"]["data"], (2, 10)).argmax(1).tolist() == list(labels[:2])
    assert (outputs["status"]["datatype"], len(outputs["status"]["data"])) == ("BYTES", 2)


def test_kserve_v2_answers_only_the_requested_outputs(site, digits):  # noqa: F811
    images, labels = digits
    nested = tensor(images[:1]) | {"data": images[:1].tolist()}
    reply = post(site, *in_json({"inputs": [nested], "outputs": [{"name": "label"}]}), path=INFER).json()
    assert [(one["name"], one["data"]) for one in reply["outputs"]] == [("label", [int(labels[0])])]
    assert "id" not in reply


def test_kserve_v2_reads_files_as_bytes(site, picture):  # noqa: F811
    given = {"name": "image", "shape": [1], "datatype": "BYTES", "data": [coded(picture[0])]}
    reply = post(site, *in_json({"inputs": [given]}), path=INFER).json()
    assert reply["outputs"][0]["data"] == [int(picture[1])]


@pytest.mark.parametrize("shape", [-1, [-1], [1], [1, 1], None])
def test_kserve_v2_reads_bytes_of_any_shape(site, picture, shape):  # noqa: F811
    """KServe's example for MNIST has a UUID for a name and the shape [-1]."""
    for data in ([coded(picture[0])], coded(picture[0])):
        name = "312a4eb0-0ca7-4803-a101-a6d2c18486fe"
        given = {"data": data, "datatype": "BYTES", "name": name, "shape": shape}
        reply = post(site, *in_json({"inputs": [given]}), path=INFER).json()
        assert reply["outputs"][0]["data"] == [int(picture[1])], reply


@pytest.mark.parametrize("shape", [[-1, 28, 28], [2, -1], [2, 28, -1], [-1, 1, 28, 28]])
def test_kserve_v2_finds_an_unknown_side_from_the_data(site, digits, shape):  # noqa: F811
    images, labels = digits
    flat = tensor(images[:2]) | {"shape": shape}
    for data in (flat["data"], images[:2].tolist()):
        reply = post(site, *in_json({"inputs": [flat | {"data": data}]}), path=INFER).json()
        assert reply["outputs"][0]["data"] == list(labels[:2])


def test_kserve_v2_reads_booleans(site, digits):  # noqa: F811
    images, labels = digits
    reply = post(site, *in_json({"inputs": [tensor(images[1:2] > 100, "BOOL")]}), path=INFER).json()
    assert reply["outputs"][0]["data"] == [int(labels[1])]


def test_the_binary_extension_of_kserve_v2_gets_the_remedy(site, digits):  # noqa: F811
    head = b'{"inputs": [{"name": "image", "shape": [1, 784], "datatype": "UINT8"}]}'
    fields = {"Inference-Header-Content-Length": str(len(head))}
    answer = post(site, head + digits[0][0].tobytes(), path=INFER, **fields)
    assert answer.status == 400 and "binary_data=False" in answer.json()["error"]


def test_kserve_v2_describes_server_and_model(site):  # noqa: F811
    assert ask(site, "/v2").json().keys() == {"name", "version", "extensions"}
    reply = ask(site, "/v2/models/mnist").json()
    assert (reply["name"], reply["versions"], reply["platform"]) == ("mnist", ["1"], "pytorch")
    assert reply["inputs"] == [{"name": "image", "datatype": "UINT8", "shape": [-1, 28, 28]}]
    assert [(one["name"], one["shape"]) for one in reply["outputs"]][:2] == [
        ("label", [-1]),
        ("probabilities", [-1, 10]),
    ]
    assert ask(site, "/v2/models/mnist/versions/1").json() == reply


HEALTH = {"/v2/health/live": "live", "/v2/health/ready": "ready", "/v2/models/mnist/ready": "ready"}


@pytest.mark.parametrize("path", HEALTH)
def test_health_endpoints_answer(site, path):  # noqa: F811
    assert (ask(site, path).status, ask(site, path).json()[HEALTH[path]]) == (200, True)


def test_a_server_without_a_network_is_live_and_not_ready(tmp_path):
    (tmp_path / "web").mkdir()
    with serving(server_of(tmp_path)) as empty:
        statuses = {path: ask(empty, path).status for path in HEALTH}
        assert statuses == {"/v2/health/live": 200, "/v2/health/ready": 400, "/v2/models/mnist/ready": 400}
        assert ask(empty, "/v1/models/mnist").json()["ready"] is False
        answer = post(empty, *in_json({"instances": [[[0.5] * 28] * 28]}), path=PREDICT)
        assert (answer.status, answer.json().keys()) == (503, {"error"})


BLANK = np.zeros((1, 28, 28), int)
REFUSED = {
    "V1 of another model": ("/v1/models/resnet:predict", {"instances": [BLANK[0].tolist()]}, 404, "'mnist'"),
    "V1 without instances": (PREDICT, {"image": "x"}, 400, '"instances"'),
    "V1 of several fields": (PREDICT, {"instances": [{"a": 1, "b": 2}]}, 400, "Its fields: 'a', 'b'"),
    "V1 of an unreadable image": (PREDICT, {"instances": [{"b64": "AAAA"}, BLANK[0].tolist()]}, 400, "Image 0: Not a"),
    "V1 of another shape": (PREDICT, {"instances": [[1, 2, 5]]}, 400, "28x28"),
    "V1 of an empty image": (PREDICT, {"instances": BLANK.tolist()}, 400, "Image 0: no strokes were found"),
    "V1 of too many": (PREDICT, {"instances": [BLANK[0].tolist()] * 17}, 413, "at most 16"),
    "V2 without inputs": (INFER, {"instances": []}, 400, '"inputs" is a list of one tensor'),
    "V2 of another shape": (INFER, {"inputs": [tensor(BLANK[:, 1:])]}, 400, "28x28"),
    "V2 of a shape that is not the data's": (INFER, {"inputs": [tensor(BLANK, shape=[2, 28, 28])]}, 400, "2x28x28"),
    "V2 of a shape without images": (INFER, {"inputs": [tensor(BLANK, shape=[0, 28, 28])]}, 400, "positive"),
    "V2 of another type": (INFER, {"inputs": [tensor(BLANK, "COMPLEX")]}, 400, '"datatype" is one of UINT8'),
    "V2 of binary data": (INFER, {"inputs": [{"name": "image", "shape": [1, 784]}]}, 400, "binary extension"),
    "V2 of an unknown output": (INFER, {"inputs": [tensor(BLANK)], "outputs": [{"name": "x"}]}, 400, "label, prob"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_an_error_is_an_object_with_one_sentence(site, what):  # noqa: F811
    path, body, status, words = REFUSED[what]
    answer = post(site, *in_json(body), path=path)
    assert (answer.status, answer.headers["content-type"]) == (status, "application/json")
    assert answer.json().keys() == {"error"} and words in answer.json()["error"]


def test_a_body_that_is_not_json_gets_an_error(site):  # noqa: F811
    for path, words in ((PREDICT, '{"instances": '), (INFER, '{"inputs": [{"name": "image", "shape"')):
        reply = json.loads(post(site, b"{", path=path).body)
        assert reply.keys() == {"error"} and words in reply["error"]
