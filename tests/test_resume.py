"""Resumed runs, however they were stopped: weights, log and curves equal those of an uninterrupted run."""

import json
import random
import re
import shutil
import signal
from types import SimpleNamespace

import pytest

from digits.config import Config
from digits.errors import UserError
from digits.files import write_atomically
from digits.interrupts import Interrupted
from digits.models import weights_file
from digits.runlog import contract
from digits.runlog.run_log import RunLog
from digits.training.checkpoints import Checkpoints
from digits.training.resume import load_for_restart, load_for_resume, previous_run
from digits.training.schedule import Schedule
from digits.training.train_state import TrainState
from tests.support.lost_checkpoints import LOSSES, lose_all
from tests.support.outcome import content, listed, outcome
from tests.support.training import Trainer, after, killed, killed_when, train, trained

pytestmark = pytest.mark.slow

# Everything that has a state: dropout, batch norm, averaging, augmentation, a rate that rises and falls, Muon (which
# has AdamW in it), losses of images. The precision is given: otherwise a short measurement chooses, perhaps not the
# same in every run.
RUN = ["--optimizer", "muon", "--warmup-steps", "5", "--cooldown", "0.5", "--ema", "0.9", "--label-smoothing", "0.1"]
RUN += ["--epochs", "3", "--batch-size", "64", "--threads", "1", "--precision", "bfloat16", "--hard-examples", "0.5"]
RUN += ["--dropout", "0.3", "--rotation", "10", "--elastic", "2", "--augmentation-cooldown", "0.4"]
STEPS = 30


def resume(results, *options):
    return trained(results, "--resume", *options)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    results = tmp_path_factory.mktemp("uninterrupted")
    trained(results, *RUN)
    assert len(outcome(results)["rows"]) == 1 + STEPS
    return results


def assert_same(results, uninterrupted):
    one, other = outcome(results), outcome(uninterrupted)
    for part, value in one.items():
        assert value == other[part], part


@pytest.mark.process
@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_run_ended_by_a_signal_within_an_epoch_resumes_to_the_same_result(tmp_path, uninterrupted, signum):
    with Trainer(tmp_path, *RUN, "--checkpoint-every", "0") as trainer:
        trainer.wait_for(lambda log: log.get("progress", {}).get("step", 0) >= 14 or log.get("status") == "completed")
        trainer.interrupt(signum)
    step = weights_file.load(tmp_path / "checkpoint.pth")["learner"]["steps"]
    run_id = json.loads((tmp_path / "training_log.json").read_text())["run_id"]
    with Trainer(tmp_path, "--resume", small=False) as trainer:
        code, output, errors = trainer.finish()
    assert (code, errors) == (0, "") and "Resuming at epoch" in output
    assert_same(tmp_path, uninterrupted)
    log = json.loads((tmp_path / "training_log.json").read_text())
    assert log["run_id"] == run_id
    assert [event["kind"] for event in log["events"]] == ["resumed"]
    assert log["events"][0]["step"] == step >= 13


def test_a_chain_of_kills_at_random_moments_ends_like_one_run(tmp_path, uninterrupted):
    chance = random.Random(3)
    killed(1, tmp_path, *RUN, "--checkpoint-every", "0")
    for _ in range(4):
        done = json.loads((tmp_path / "training_log.json").read_text())["progress"]["step"]
        killed(done + chance.randrange(1, 7), tmp_path, "--resume", "--checkpoint-every", "0")
    resume(tmp_path)
    assert_same(tmp_path, uninterrupted)


def test_a_run_killed_within_its_first_epoch_resumes(tmp_path, uninterrupted):
    killed(2, tmp_path, *RUN)
    assert not previous_run(tmp_path).is_empty
    resume(tmp_path)
    assert_same(tmp_path, uninterrupted)


def test_a_run_that_was_ended_before_its_first_batch_begins(tmp_path, uninterrupted):
    killed_when("preparing", tmp_path, *RUN)
    assert previous_run(tmp_path).is_empty
    resume(tmp_path)
    assert_same(tmp_path, uninterrupted)
    assert earlier_run_id(tmp_path) in {run["run_id"] for run in listed(tmp_path)}


@pytest.mark.parametrize("lose", LOSSES)
def test_a_resume_without_a_fitting_checkpoint_refuses_and_changes_nothing(tmp_path, uninterrupted, lose):
    copy = shutil.copytree(uninterrupted, tmp_path / "copy")
    why, before = lose(copy), content(copy)
    output = refused(copy, "--epochs", "4")
    assert why in output and "--restart" in output
    assert content(copy) == before
    assert [(run["status"], run["epochs"]) for run in listed(copy)] == [("completed", 3)]


def interrupt_resume(results):
    """Press Ctrl-C before the first batch."""

    def interrupt(log):
        raise Interrupted(signal.SIGINT)

    with after(RunLog.phase, interrupt):
        assert train(results, "--resume", "--epochs", "400") == (130, "", "Interrupted.\n")


def kill_resume(results):
    killed_when("loading data", results, "--resume", "--epochs", "400")


@pytest.mark.parametrize("end", [interrupt_resume, kill_resume])
def test_a_finished_run_outlives_a_resume_that_is_ended_before_its_first_batch(tmp_path, uninterrupted, end):
    copy = shutil.copytree(uninterrupted, tmp_path / "copy")
    lose_all(copy)
    run_id = earlier_run_id(copy)
    end(copy)
    trained(copy, *RUN, "--epochs", "1")
    moved = content(copy / contract.RUNS / run_id)
    left = content(uninterrupted)
    kept = set(left) - {*contract.CHECKPOINTS, contract.TRAINING_LOG}
    assert kept <= set(moved) and all(moved[file] == left[file] for file in kept)
    log = json.loads(moved[contract.TRAINING_LOG])
    assert (log["progress"]["step"], log["epochs"]["epoch"]) == (STEPS, [1, 2, 3])
    assert end is kill_resume or moved[contract.TRAINING_LOG] == left[contract.TRAINING_LOG]


def earlier_run_id(results):
    return json.loads((results / contract.TRAINING_LOG).read_text())["run_id"]


@pytest.mark.parametrize("words", [["--restart"], ["--resume", "--restart"]])
def test_a_restart_keeps_the_run_and_trains_it_again(tmp_path, uninterrupted, words):
    copy = shutil.copytree(uninterrupted, tmp_path / "copy")
    lose_all(copy)
    run_id, before = earlier_run_id(copy), content(copy)
    trained(copy, *words, small=False)
    assert content(copy / contract.RUNS / run_id) == before
    assert earlier_run_id(copy) != run_id
    assert_same(copy, uninterrupted)


def test_a_restart_may_be_longer_and_takes_no_other_options(tmp_path, uninterrupted):
    copy = shutil.copytree(uninterrupted, tmp_path / "copy")
    assert load_for_restart(copy, {"epochs": 1}).config.epochs == 1
    assert load_for_restart(copy, {"epochs": 9}).config == load_for_resume(copy, {"epochs": 9}).config
    with pytest.raises(UserError, match="has --lr"):
        load_for_restart(copy, {"lr": 0.5})


@pytest.mark.parametrize("decays", [("0.5", "0.4"), ("1", "0"), ("0", "0"), ("0.3", "0.7"), ("0", "0.5")])
def test_an_extended_run_equals_a_longer_one(tmp_path, decays):
    short, long = tmp_path / "short", tmp_path / "long"
    options = [*RUN, "--cooldown", decays[0], "--augmentation-cooldown", decays[1]]
    trained(short, *options, "--epochs", "2")
    trained(long, *options)
    assert outcome(short)["weights"] != outcome(long)["weights"]
    resume(short, "--epochs", "3")
    assert_same(short, long)


@pytest.mark.parametrize("decay", ["0", "0.1"])
def test_a_run_may_end_within_an_epoch_and_resume_from_there(tmp_path, decay):
    short, long = tmp_path / "short", tmp_path / "long"
    options = [*RUN, "--cooldown", decay, "--augmentation-cooldown", decay]
    trained(short, *options, "--steps", "17")
    assert json.loads((short / "training_log.json").read_text())["progress"]["step"] == 17
    assert "raise that instead of --epochs" in refused(short, "--epochs", "9")
    resume(short, "--steps", "30")
    trained(long, *options, "--steps", "30")
    assert_same(short, long)


def test_a_damaged_checkpoint_is_named_and_the_one_before_is_used(tmp_path, uninterrupted):
    killed(14, tmp_path, *RUN, "--checkpoint-every", "0")
    file = tmp_path / "checkpoint.pth"
    weights = weights_file.load(file)["learner"]["network"]["linear1.weight"].numpy().tobytes()
    content = bytearray(file.read_bytes())
    content[content.index(weights)] ^= 0x10  # elsewhere it may hit padding, or what zipfile checks
    write_atomically(file, content)
    output = resume(tmp_path)
    assert "checkpoint.pth can't be used: its content does not match its SHA-256" in output
    assert "continues from checkpoint-before.pth." in output or "continues from checkpoint-plateau.pth." in output
    assert_same(tmp_path, uninterrupted)


def test_a_damaged_checkpoint_never_takes_the_place_of_the_good_one_before(tmp_path, uninterrupted):
    killed(14, tmp_path, *RUN, "--checkpoint-every", "0")
    good = (tmp_path / "checkpoint-before.pth").read_bytes()
    write_atomically(tmp_path / "checkpoint.pth", b"damaged")  # not in place: just killed, both may be one file
    (tmp_path / "checkpoint-plateau.pth").unlink(missing_ok=True)
    state = weights_file.load(tmp_path / "checkpoint-before.pth")
    trainer = SimpleNamespace(
        group=SimpleNamespace(rank=0),
        schedule=Schedule(**state["schedule"]),
        batches_per_epoch=STEPS // 3,
        state=TrainState(step=1),
        state_dict=lambda: state["learner"],
        synchronize=lambda: None,
    )
    log = SimpleNamespace(
        folder=tmp_path,
        run_id=state["run_id"],
        state=lambda: state["log"],
        announce=lambda file: None,
        save=lambda file, content: write_atomically(tmp_path / file, content),
    )
    checkpoints = Checkpoints(log, Config.from_json(state["config"]), trainer)
    latest, _ = checkpoints.latest([], warn=lambda text: None)
    assert latest["learner"]["steps"] == state["learner"]["steps"]
    checkpoints.save()
    assert (tmp_path / "checkpoint-before.pth").read_bytes() == good
    trainer.state = TrainState(step=2)
    checkpoints.save()  # the one before is now as good
    assert weights_file.load(tmp_path / "checkpoint-before.pth")["progress"]["step"] == 1


def test_lost_rows_of_batches_are_reported(tmp_path, uninterrupted):
    copy = shutil.copytree(uninterrupted, tmp_path / "copy")
    (copy / contract.BATCHES).write_text("junk\n")
    resume(copy, "--epochs", "4")
    (event,) = (
        event
        for event in json.loads((copy / contract.TRAINING_LOG).read_text())["events"]
        if event["kind"] == "rows lost"
    )
    assert re.fullmatch(r"batches.csv has only 0 of its first \d+ rows", event["text"])
    assert (copy / contract.BATCHES).read_text().splitlines()[0] == ",".join(contract.BATCH_FIELDS)


def test_a_generated_name_follows_the_number_of_epochs_and_a_given_name_stays(tmp_path, uninterrupted):
    copy = shutil.copytree(uninterrupted, tmp_path / "copy")
    assert ", epochs 3," in previous_run(copy).config.name
    assert ", epochs 9," in load_for_resume(copy, {"epochs": 9}).config.name
    assert load_for_resume(copy, {"epochs": 9, "name": "mine"}).config.name == "mine"
    log = json.loads((copy / "training_log.json").read_text())
    log["config"]["epochs"] = 5  # as if somebody had asked the running trainer for two more
    log["events"] = [{"kind": "epochs changed", "step": 4, "value": 5, "before": 3}]
    (copy / "training_log.json").write_text(json.dumps(log))
    assert ", epochs 9," in load_for_resume(copy, {"epochs": 9}).config.name
    log["config"]["name"] = "my own, epochs 3,"
    (copy / "training_log.json").write_text(json.dumps(log))
    assert load_for_resume(copy, {"epochs": 9}).config.name == "my own, epochs 3,"


def refused(results, *options):
    code, output, errors = train(results, "--resume", *options)
    assert code == 1 and len(errors.splitlines()) == 1, (code, output, errors)
    return errors


def test_a_run_that_cannot_be_resumed_is_refused_in_one_line(tmp_path, uninterrupted):
    assert "contains no run" in refused(tmp_path)
    (tmp_path / contract.TRAINING_LOG).write_text('{"run_id"')
    assert "training_log.json is damaged" in refused(tmp_path)
    copy = shutil.copytree(uninterrupted, tmp_path / "copy")
    before = (copy / "training_log.json").read_bytes()
    assert "is complete: raise --epochs" in refused(copy)
    assert "--lr" in refused(copy, "--lr", "0.5")
    assert "cannot shorten" in refused(copy, "--epochs", "2")
    assert "cannot shorten" in refused(copy, "--steps", "29")
    assert "--seed" in refused(copy, "--seed", "7", "--epochs", "9")
    assert (copy / "training_log.json").read_bytes() == before


def test_other_images_than_the_run_began_with_are_refused(tmp_path, uninterrupted):
    copy = shutil.copytree(uninterrupted, tmp_path / "copy")
    log = json.loads((copy / "training_log.json").read_text())
    log["dataset"]["sha256"] = "0" * 64
    (copy / "training_log.json").write_text(json.dumps(log))
    assert "not the images" in refused(copy, "--epochs", "4")


def test_options_that_change_no_weight_may_change_on_resume(tmp_path, uninterrupted):
    killed(14, tmp_path, *RUN, "--checkpoint-every", "0")
    resume(tmp_path, "--name", "another name", "--seed", "1", "--keep-runs", "3")
    assert_same(tmp_path, uninterrupted)
    assert json.loads((tmp_path / "training_log.json").read_text())["name"] == "another name"


DAMAGED = {
    contract.PREDICTIONS: {"validation": {"labels": "", "epochs": []}},
    contract.LAYER_WEIGHTS: {"epochs": [3]},
    contract.NETWORK: {"numbers": "many"},
}


@pytest.mark.parametrize("file", DAMAGED)
@pytest.mark.parametrize("kind", ["fields", "object", "list", "no JSON", "missing", "of another run"])
def test_damaged_files_for_the_page_are_rewritten(tmp_path, uninterrupted, file, kind):
    copy = shutil.copytree(uninterrupted, tmp_path / "copy")
    path = copy / file
    was = json.loads(path.read_text())
    damaged = {
        "fields": json.dumps(was | DAMAGED[file]),
        "object": "{}",
        "list": "[]",
        "no JSON": "{",
        "missing": None,
        "of another run": json.dumps(was | {"run_id": "another"}),
    }[kind]
    path.unlink()
    if damaged is not None:
        path.write_text(damaged)
    output = resume(copy, "--epochs", "4")
    assert f"Warning: {file} can't be used" in output and output.count("Warning") == 1
    made = json.loads(path.read_text())
    rows = made.get("validation", made)["epochs"]
    assert [row["epoch"] if isinstance(row, dict) else row for row in rows] == [2, 3, 4]
