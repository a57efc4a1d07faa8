"""Checkpoints that a run cannot resume from: each function makes them so and returns the reason that is reported."""

import shutil

from digits.models import weights_file
from digits.runlog import contract


def lose_all(results):
    for file in contract.CHECKPOINTS:
        (results / file).unlink()
    return "(checkpoint.pth, checkpoint-before.pth, checkpoint-plateau.pth: missing)"


def damage_all(results):
    for file in contract.CHECKPOINTS:
        (results / file).write_bytes((results / file).read_bytes()[:1000])
    return "checkpoint-plateau.pth: it is damaged, truncated"


def take_anothers(results):
    for file in contract.CHECKPOINTS:
        state = weights_file.load(results / file) | {"run_id": "another"}
        (results / file).write_bytes(weights_file.serialize(state))
    return "checkpoint-plateau.pth: from another run"


def lose_the_plateau(results):
    (results / contract.CHECKPOINT_PLATEAU).unlink()
    return "checkpoint.pth: after step 30, when learning rate or augmentation had decayed as in a run of 30 steps"


def take_weights(results):
    for file in contract.CHECKPOINTS:
        shutil.copyfile(results / contract.WEIGHTS, results / file)
    return "it is not a checkpoint"


def take_other_options(results):
    for file in contract.CHECKPOINTS:
        state = weights_file.load(results / file)
        state["config"]["channels"] = (8, 8, 8, 8)
        (results / file).write_bytes(weights_file.serialize(state))
    return "from a run with a different --channels"


LOSSES = [lose_all, damage_all, take_anothers, lose_the_plateau, take_weights, take_other_options]
