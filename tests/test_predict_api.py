"""POST /predict: encodings of the body, responses, problems."""

import base64
import http.client
import io
import json
import sys
import threading

import numpy as np
import pytest
from PIL import Image

from digits.inference import images
from digits.models.builders import build_model
from digits.models.history import ModelHistory
from digits.runlog import contract
from digits.runlog.run_log import RunLog
from digits.server import predict_api, uploads
from tests.support.example_project import server_of
from tests.support.http_client import ask, eventually, serving
from tests.test_predict import digits, weights  # noqa: F401  (fixtures)


@pytest.fixture(scope="module")
def site(tmp_path_factory, weights):  # noqa: F811
    """A server whose latest run has trained weights."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "web").mkdir()
    with RunLog(folder / "results", name="trained") as log:
        log.batch(1, loss=0.5)
        log.save(contract.WEIGHTS, weights.read_bytes())
        kept = ModelHistory()
        kept.add_epoch(1, build_model("tiny"))
        log.save(contract.NETWORK_EPOCHS, kept.history)
        log.save_json(contract.NETWORK, kept.as_json({"temperature": None}) | {"epochs": [5]})
    with serving(server_of(folder)) as server:
        server.results, server.run_id = folder / "results", log.run_id
        yield server


@pytest.fixture(scope="module")
def picture(digits):  # noqa: F811
    """A PNG of a digit, dark on light, and its label."""
    images, labels = digits
    content = io.BytesIO()
    Image.fromarray(255 - images[1]).resize((112, 112)).save(content, "PNG")
    return content.getvalue(), str(labels[1])


def post(site, body: bytes, content_type: str | None = None, path: str = "/predict", **headers):
    fields = headers | ({"Content-Type": content_type} if content_type else {})
    return ask(site, path, method="POST", headers=fields, body=body)


def form(*parts: tuple[str, bytes]) -> tuple[bytes, str]:
    lines = [
        b'--xyz\r\nContent-Disposition: form-data; name="%s"; filename="a b.png"\r\n\r\n%s\r\n'
        % (name.encode(), content)
        for name, content in parts
    ]
    return b"".join(lines) + b"--xyz--\r\n", "multipart/form-data; boundary=xyz"


def in_json(value) -> tuple[bytes, str]:
    return json.dumps(value).encode(), "application/json"


def coded(content: bytes) -> str:
    return base64.b64encode(content).decode()


WAYS = {
    "as it is": lambda content: (content, None),
    "with its type": lambda content: (content, "image/png"),
    "with another type": lambda content: (content, "application/octet-stream"),
    "form field image": lambda content: form(("image", content)),
    "form field file": lambda content: form(("other", b"x"), ("file", content)),
    "form field data": lambda content: form(("data", content)),
    "form field after its file's name": lambda content: (
        b'--xyz\r\nContent-Disposition: form-data; filename="7; name=x.png"; name="image"\r\n\r\n%s\r\n--xyz--'
        % content,
        "multipart/form-data; boundary=xyz",
    ),
    "form field image_file": lambda content: form(("image_file", content)),
    "data URL": lambda content: in_json({"image": f"data:image/png;base64,{coded(content)}"}),
    "data URL with more in its head": lambda content: in_json(
        {"image": f'DATA:image/png; charset=utf-8; name="a b, c.png"; BASE64,{coded(content)}'}
    ),
    "inputs": lambda content: in_json({"inputs": coded(content)}),
    "inputs in lines": lambda content: in_json({"inputs": "\n" + base64.encodebytes(content).decode()}),
    "inputs for URLs": lambda content: in_json({"inputs": base64.urlsafe_b64encode(content).decode().rstrip("=")}),
    "instances": lambda content: in_json({"instances": [{"data": coded(content)}]}),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_encoding_of_the_body_is_classified(site, picture, way):
    content, label = picture
    answer = post(site, *WAYS[way](content))
    assert answer.status == 200, answer.body
    reply = answer.json()
    assert reply["label"] == label
    assert sum(reply["probabilities"]) == pytest.approx(1)
    assert reply["score"] == max(reply["probabilities"])
    assert reply["predictions"][0]["label"] == label and len(reply["predictions"]) == 10
    assert reply["model"]["run_id"] == "x" and reply["model"]["epoch"] == 1 and len(reply["model"]["sha256"]) == 64
    seen = Image.open(io.BytesIO(base64.b64decode(reply["preprocessing"]["image"].partition(",")[2])))
    assert seen.size == (28, 28)
    assert reply["preprocessing"]["inverted"] is True
    assert reply["elapsed_ms"] > 0


@pytest.mark.parametrize("scale", [1, 1 / 255])
def test_arrays_of_pixels_are_used_unchanged(site, digits, scale):  # noqa: F811
    images, labels = digits
    rows = (images[1] * scale).tolist()
    reply = post(site, *in_json({"instances": [rows]})).json()
    assert reply["label"] == str(labels[1])
    seen = Image.open(io.BytesIO(base64.b64decode(reply["preprocessing"]["image"].partition(",")[2])))
    assert np.array_equal(np.asarray(seen), images[1])


def test_several_images_get_answers_in_order(site, digits):  # noqa: F811
    images, _ = digits
    contents = []
    for image in images[:5]:
        content = io.BytesIO()
        Image.fromarray(image).save(content, "PNG")
        contents.append(content.getvalue())
    alone = [post(site, content).json()["label"] for content in contents]
    together = post(site, *form(*(("image", content) for content in contents))).json()
    assert [answer["label"] for answer in together["answers"]] == alone


def test_the_bare_list_that_hugging_faces_client_reads(site, picture):
    content, label = picture
    reply = post(site, content, path="/predict?format=hf").json()
    assert reply[0]["label"] == label and set(reply[0]) == {"label", "score"} and len(reply) == 10
    two = post(site, *form(("image", content), ("image", content)), path="/predict?format=hf").json()
    assert [[one["label"] for one in scores] for scores in two] == [[one["label"] for one in reply]] * 2


def test_the_weights_of_a_run_can_be_named(site, picture):
    content, label = picture
    assert post(site, content, path=f"/predict?run={site.run_id}&epoch=1").json()["label"] == label
    assert post(site, content, path="/predict?run=20260101-000000-none").status == 404
    assert post(site, content, path="/predict?run=../..").status == 404
    before = post(site, content, path="/predict?epoch=5").json()
    assert before["model"]["epoch"] == 5 and before["score"] < 0.5, "that network has learned nothing yet"
    for epoch, status in {"7": 404, "0": 404, "-5": 400, "five": 400, "5.0": 400, "": 400, "9" * 5000: 400}.items():
        assert post(site, content, path=f"/predict?epoch={epoch}").status == status
    assert post(site, content, path="/predict?color=red").status == 400
    assert post(site, content, path="/predict?format=xml").status == 400


def test_openapi_matches_fields_and_limits(site, picture):
    described = ask(site, "/openapi.json").json()
    answer = post(site, picture[0]).json()
    schema = described["components"]["schemas"]["Answer"]["properties"]
    assert set(schema) == set(answer)
    for part in ("model", "preprocessing"):
        assert set(schema[part]["properties"]) == set(answer[part])
    statuses = set(described["paths"]["/predict"]["post"]["responses"])
    assert {str(status) for _, _, status in BAD.values()} < statuses


def blank() -> bytes:
    content = io.BytesIO()
    Image.new("L", (50, 50), 255).save(content, "PNG")
    return content.getvalue()


def sheet(width: int, height: int) -> bytes:
    content = io.BytesIO()
    Image.new("1", (width, height)).save(content, "PNG")
    return content.getvalue()


BAD = {
    "no picture": (b"hello", None, 415),
    "a page": (b"<html></html>", "text/html", 415),
    "half a picture": (blank()[:40], "image/png", 415),
    "broken JSON": (b'{"image": ', "application/json", 400),
    "a list": (b"[1]", "application/json", 400),
    "an empty object": (b"{}", "application/json", 400),
    "a number for a picture": (b'{"image": 7}', "application/json", 400),
    "no base64": (b'{"image": "data:image/png;base64,%%%"}', "application/json", 400),
    "another URL": (b'{"image": "data:text/plain,hello"}', "application/json", 400),
    "no instances": (b'{"instances": []}', "application/json", 400),
    "27 rows": (json.dumps({"instances": [[[0] * 28] * 27]}).encode(), "application/json", 400),
    "words": (json.dumps({"instances": [[["a"] * 28] * 28]}).encode(), "application/json", 400),
    "too much ink": (json.dumps({"instances": [[[256] * 28] * 28]}).encode(), "application/json", 400),
    "too many": (json.dumps({"instances": [[[0] * 28] * 28] * 17}).encode(), "application/json", 413),
    "a form without a picture": (*form(("name", b"x")), 400),
    "a form whose field has no name": (*form(("", b"x")), 400),
    "a form without an end": (form(("image", b"x"))[0][:-6], form()[1], 400),
    "a form of empty fields": (b"--xyz\r\n\r\n" * 250_000 + b"--xyz--", form()[1], 413),
    "a form without a boundary": (b"x", "multipart/form-data", 400),
    "a blank picture": (blank(), None, 422),
    "too wide": (sheet(images.MAX_SIDE + 1, 2), None, 413),
    "too high": (sheet(2, images.MAX_SIDE + 1), None, 413),
    "too many megapixels": (sheet(4200, 4000), None, 413),
    "far too many megapixels": (sheet(20_000, 20_000), None, 413),
    "too many bytes": (bytes(images.MAX_BYTES + 1), None, 413),
}


@pytest.mark.parametrize("what", BAD)
def test_invalid_uploads_get_specific_problems(site, what):
    body, content_type, status = BAD[what]
    answer = post(site, body, content_type)
    assert (answer.status, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.json()["error"]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ModuleNotFoundError("No module named 'torch'", name="torch"), "torch is not installed"),
        (
            ImportError("libtorch_cpu.so: undefined symbol", name="torch"),
            "cannot be loaded (libtorch_cpu.so: undefined",
        ),
        (OSError("libtorch_cpu.so: cannot open shared object file"), "cannot be loaded (libtorch_cpu.so: cannot open"),
    ],
)
def test_a_torch_that_cannot_be_imported_is_explained_in_the_terminal(site, picture, monkeypatch, capsys, error, words):
    class Broken:
        def find_spec(self, name, path=None, target=None):
            if name == "digits.inference.predict":
                raise error

    monkeypatch.delitem(sys.modules, "digits.inference.predict", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Broken(), *sys.meta_path])
    answer = post(site, picture[0])
    assert (answer.status, answer.json()["error"]) == (
        503,
        "A package can't be loaded; the server's terminal names it and the remedy.",
    )
    errors = capsys.readouterr().err
    assert words in errors and "pip install" in errors


def test_host_origin_and_method_are_checked(site, picture):
    refused = {
        403: [
            post(site, picture[0], **field) for field in ({"Origin": "http://evil.example"}, {"Host": "evil.example"})
        ],
        405: [ask(site, "/predict", method=method) for method in ("GET", "HEAD", "DELETE", "OPTIONS")],
        400: [ask(site, "/predict", method="POST", headers={"Content-Length": "0"})],
        411: [ask(site, "/predict", method="POST", headers=field) for field in ({}, {"Transfer-Encoding": "chunked"})],
        413: [ask(site, "/predict", method="POST", headers={"Content-Length": str(uploads.MAX_UPLOAD + 1)})],
    }
    for status, answers in refused.items():
        for answer in answers:
            assert (answer.status, answer.headers["content-type"]) == (status, "application/problem+json")
            assert answer.headers.get("allow") == ("POST, PUT" if status == 405 else None)
            assert not answer.body or answer.json()["status"] == status


def test_requests_beyond_the_queue_get_503(site, picture, monkeypatch):
    """While decoding is held up, AT_ONCE requests are computed, WAITING wait, and all others get 503."""
    held, decode = threading.Event(), images.decode

    def slow(content, **limits):
        held.wait(60)
        return decode(content, **limits)

    monkeypatch.setattr(images, "decode", slow)
    answers = []
    served, more = predict_api.AT_ONCE + predict_api.WAITING, 5
    threads = [threading.Thread(target=lambda: answers.append(post(site, picture[0]))) for _ in range(served + more)]
    for thread in threads:
        thread.start()
    assert eventually(lambda: len(answers) == more)
    assert [(answer.status, answer.headers["retry-after"]) for answer in answers] == [(503, "2")] * more
    held.set()
    for thread in threads:
        thread.join()
    assert [answer.status for answer in answers[more:]] == [200] * served


def test_http_client_works_with_keep_alive(site, picture):
    connection = http.client.HTTPConnection(*site.server_address[:2])
    for _ in range(3):
        connection.request("POST", "/predict", picture[0], {"Content-Type": "image/png"})
        answer = connection.getresponse()
        assert (answer.status, json.loads(answer.read())["label"]) == (200, picture[1])
    connection.close()
