"""POST /predict: choice of weights during training, after a stop, and with damaged files."""

import pickle

import pytest

from digits.models import weights_file
from digits.models.builders import build_model
from digits.models.history import ModelHistory
from digits.runlog import contract
from digits.runlog.run_log import RunLog
from tests.test_predict import digits, weights  # noqa: F401  (fixtures)
from tests.test_predict_api import picture, post  # noqa: F401  (a fixture)


def test_before_the_first_weights_the_response_is_503_with_retry_after(live, picture):  # noqa: F811
    answer = post(live, picture[0])
    assert (answer.status, answer.headers["content-type"]) == (503, "application/problem+json")
    assert answer.headers["retry-after"] == "30"
    assert "No network has been trained yet" in answer.json()["error"]


def test_new_weights_are_used_immediately_and_earlier_ones_during_training(live, picture, weights):  # noqa: F811
    content, label = picture
    with RunLog(live.results, name="first") as log:
        log.batch(1, loss=0.5)
        log.save(contract.WEIGHTS, weights.read_bytes())
    assert post(live, content).json()["label"] == label
    with RunLog(live.results, name="second") as log:
        log.batch(1, loss=0.5)
        assert post(live, content).json()["label"] == label
        log.save(contract.WEIGHTS, b"damaged")
        assert post(live, content).status == 503
        log.save(contract.WEIGHTS, weights.read_bytes())
        assert post(live, content).json()["label"] == label


def test_damaged_weights_are_reported_without_their_path(live, picture, weights):  # noqa: F811
    with RunLog(live.results, name="damaged") as log:
        log.batch(1, loss=0.5)
        log.save(contract.WEIGHTS, pickle.dumps(weights))
    answer = post(live, picture[0])
    assert answer.status == 503 and contract.WEIGHTS in answer.json()["error"]
    assert str(live.results) not in answer.json()["error"] and "weights_only" not in answer.json()["error"]


def test_a_live_run_predicts_with_its_newest_or_any_saved_epoch(live, picture, weights):  # noqa: F811
    content, label = picture
    network = weights_file.load_network(weights)
    kept = ModelHistory()
    kept.add_epoch(1, build_model("lenet5"))
    kept.add_epoch(2, network, ood_threshold=-99.0)
    kept.add_epoch(3, network)
    with RunLog(live.results, name="stopped") as log:
        log.batch(1, loss=0.5)
        log.save(contract.NETWORK_EPOCHS, kept.history)
        log.save_json(contract.NETWORK, kept.as_json({"temperature": 1.5}))
        newest = post(live, content).json()
        assert (newest["label"], newest["model"]["epoch"], newest["status"]) == (label, 3, "ok")
        assert post(live, content, path=f"/predict?run={log.run_id}").json()["model"] == newest["model"]
        reply = post(live, content, path="/predict?epoch=2").json()
        assert (reply["label"], reply["model"]["epoch"], reply["status"]) == (label, 2, "not_a_digit")
        assert post(live, content, path=f"/predict?run={log.run_id}&epoch=1").json()["model"]["epoch"] == 1


def test_final_weights_of_an_earlier_run_take_precedence_over_those_of_an_epoch(live, picture, weights):  # noqa: F811
    with RunLog(live.results, name="ended") as log:
        log.batch(1, loss=0.5)
        log.save(contract.WEIGHTS, weights.read_bytes())
    with RunLog(live.results, name="training") as log:
        log.batch(1, loss=0.5)
        kept = ModelHistory()
        kept.add_epoch(1, build_model("lenet5"))
        log.save(contract.NETWORK_EPOCHS, kept.history)
        log.save_json(contract.NETWORK, kept.as_json({"temperature": None}))
        assert post(live, picture[0]).json()["model"]["run_id"] == "x"


STRANGE = {
    "no count": {"numbers": None},
    "no list of epochs": {"epochs": -1},
    "strange epochs": {"epochs": [[]]},
    "no layers": {"layers": {}},
    "another temperature": {"temperatures": ["x"]},
    "a temperature below 0": {"temperatures": [-1.0]},
    "another limit": {"ood_thresholds": ["x"]},
    "no list of limits": {"ood_thresholds": 5},
    "another sum": {"epochs_crc32": []},
}


@pytest.mark.parametrize("strange", STRANGE.values(), ids=STRANGE)
def test_an_unknown_network_description_is_rejected(live, picture, strange):  # noqa: F811
    kept = ModelHistory()
    kept.add_epoch(1, build_model("tiny"), ood_threshold=-5.0)
    with RunLog(live.results, name="foreign") as log:
        log.batch(1, loss=0.5)
        log.save(contract.NETWORK_EPOCHS, kept.history)
        log.save_json(contract.NETWORK, kept.as_json({"temperature": None}))
        assert post(live, picture[0], path="/predict?epoch=1").status == 200
        log.save_json(contract.NETWORK, kept.as_json({"temperature": None}) | strange)
        assert post(live, picture[0], path="/predict?epoch=1").status == 404


@pytest.mark.parametrize("strange", [{"temperature": "x"}, {"temperature": 0}, {"ood_threshold": "x"}, {"layers": {}}])
def test_an_unknown_description_of_the_newest_epoch_is_rejected(live, picture, strange):  # noqa: F811
    kept = ModelHistory()
    kept.add_epoch(1, build_model("tiny"))
    with RunLog(live.results, name="foreign") as log:
        log.batch(1, loss=0.5)
        log.save(contract.NETWORK_NUMBERS, kept.current)
        log.save_json(contract.NETWORK, kept.as_json({"temperature": 0.5}))
        assert post(live, picture[0]).json()["temperature"] == 0.5
        log.save_json(contract.NETWORK, kept.as_json({"temperature": 0.5}) | strange)
        assert post(live, picture[0]).status == 404


def test_each_epoch_is_calibrated_with_its_own_temperature(live, picture):  # noqa: F811
    kept, network = ModelHistory(), build_model("tiny")
    for epoch, temperature in ((1, None), (2, 1.5), (3, 0.5)):
        kept.add_epoch(epoch, network, temperature=temperature)
    with RunLog(live.results, name="calibrated") as log:
        log.batch(1, loss=0.5)
        log.save(contract.NETWORK_NUMBERS, kept.current)
        log.save(contract.NETWORK_EPOCHS, kept.history)
        log.save_json(contract.NETWORK, kept.as_json({"temperature": 0.5}))
        first, second, third = (post(live, picture[0], path=f"/predict?epoch={epoch}").json() for epoch in (1, 2, 3))
        assert [answer["temperature"] for answer in (first, second, third)] == [None, 1.5, 0.5]
        assert second["score"] < first["score"] < third["score"]
        assert post(live, picture[0]).json() | {"elapsed_ms": 0} == third | {"elapsed_ms": 0}


def test_files_without_temperatures_per_epoch_are_read(live, picture):  # noqa: F811
    """Older files: only the last epoch's temperature is known."""
    kept = ModelHistory()
    kept.add_epoch(1, build_model("tiny"))
    kept.add_epoch(2, build_model("tiny"))
    saved = kept.as_json({"temperature": 0.5})
    del saved["temperatures"]
    with RunLog(live.results, name="older") as log:
        log.batch(1, loss=0.5)
        log.save(contract.NETWORK_NUMBERS, kept.current)
        log.save(contract.NETWORK_EPOCHS, kept.history)
        log.save_json(contract.NETWORK, saved)
        answers = [post(live, picture[0], path=f"/predict?epoch={epoch}").json() for epoch in (1, 2)]
        assert [answer["temperature"] for answer in answers] == [None, 0.5]
