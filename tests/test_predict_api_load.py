"""POST /predict under load: fairness between requests, time budget, slow loading of weights."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from digits.inference import images, predict
from digits.models import weights_file
from digits.runlog import contract
from digits.runlog.run_log import RunLog
from digits.server import predict_api
from digits.server.http_message import Problem, Request
from digits.server.predict_api import PredictApi
from tests.support.http_client import eventually
from tests.test_predict import digits, weights  # noqa: F401  (fixtures)
from tests.test_predict_api import form, picture, post  # noqa: F401  (a fixture)

PATIENT = 60.0


def request_of(body: bytes, content_type: str | None = None, target: str = "/predict") -> Request:
    headers = {"host": "127.0.0.1", "content-length": str(len(body))}
    request = Request("POST", target, headers | ({"content-type": content_type} if content_type else {}))
    request.body = body
    return request


def results_with(folder, content: bytes):
    with RunLog(folder, name="trained") as log:
        log.batch(1, loss=0.5)
        log.save(contract.WEIGHTS, content)
    return folder


@pytest.fixture
def results(tmp_path, weights):  # noqa: F811
    return results_with(tmp_path / "results", weights.read_bytes())


def test_a_form_of_many_images_shares_the_processor_with_others(results, picture, monkeypatch):  # noqa: F811
    """With one place: the form's first image blocks until another request waits, which then gets its turns."""
    monkeypatch.setattr(predict_api, "AT_ONCE", 1)
    asked, order, held = PredictApi(results), [], threading.Event()
    asked.answer(request_of(picture[0]))  # so that the weights are known
    decode = images.decode

    def slow(content, **limits):
        order.append("form" if content == picture[0] else "other")
        held.wait(PATIENT)
        return decode(content, **limits)

    monkeypatch.setattr(images, "decode", slow)
    other = picture[0] + b" "
    with ThreadPoolExecutor() as clients:
        many = clients.submit(asked.answer, request_of(*form(*(("image", picture[0]) for _ in range(16)))))
        assert eventually(lambda: order == ["form"], PATIENT)
        one = clients.submit(asked.answer, request_of(other))
        assert eventually(lambda: asked.computing.waiting == 1, PATIENT)
        held.set()
        assert (many.result(PATIENT).status, one.result(PATIENT).status) == (200, 200)
    assert len(order) == 17 and order.index("other") <= 3


def test_a_request_beyond_its_time_budget_is_rejected(results, picture, monkeypatch):  # noqa: F811
    monkeypatch.setattr(predict_api, "BUDGET_S", 0.0)
    asked = PredictApi(results)
    assert asked.answer(request_of(picture[0])).status == 200
    with pytest.raises(Problem, match="send fewer at a time") as problem:
        asked.answer(request_of(*form(("image", picture[0]), ("image", picture[0]))))
    assert problem.value.status == 413


def test_loading_weights_does_not_block_requests_for_other_weights(results, picture, monkeypatch):  # noqa: F811
    """Loading weights of an earlier run takes long; meanwhile loaded ones are used."""
    content = (results / contract.WEIGHTS).read_bytes()
    results_with(results, content)  # the run before is under runs/ now
    run_id = next((results / contract.RUNS).iterdir()).name
    asked = PredictApi(results)
    asked.answer(request_of(picture[0]))
    opened, held, opens = threading.Event(), threading.Event(), predict.Predictor.open

    def slow(path):
        opened.set()
        held.wait(PATIENT)
        return opens(path)

    monkeypatch.setattr(predict.Predictor, "open", slow)
    with ThreadPoolExecutor() as clients:
        waits = [
            clients.submit(asked.answer, request_of(picture[0], target=f"/predict?run={run_id}")) for _ in range(4)
        ]
        assert opened.wait(PATIENT)
        for _ in range(3):
            assert asked.answer(request_of(picture[0])).status == 200
        held.set()
        assert [one.result(PATIENT).status for one in waits] == [200] * 4


def test_weights_above_the_stated_size_are_refused_before_they_are_read(live, picture):  # noqa: F811
    with RunLog(live.results, name="huge") as log:
        log.batch(1, loss=0.5)
        log.save(contract.WEIGHTS, b"")
        with open(live.results / contract.WEIGHTS, "r+b") as file:
            file.truncate(weights_file.MAX_BYTES + (8 << 30))
        answer = post(live, picture[0])
    assert answer.status == 503 and "too large" in answer.json()["error"]
