import pytest
import torch

from digits.models.history import ROWS_KEPT
from digits.training.sample_history import SampleHistory


def probabilities(seed):
    return torch.rand(3, 10, generator=torch.Generator().manual_seed(seed)).softmax(1)


def test_an_epoch_has_ten_probabilities_for_each_sample_and_is_replaced_by_its_final_row():
    history = SampleHistory()
    history.add_epoch(1, None, probabilities(1))
    history.add_epoch(2, 1.5, probabilities(2))
    history.add_epoch(2, 1.6, probabilities(3))
    first, last = history.as_json()
    assert (first["epoch"], first["temperature"], last["epoch"], last["temperature"]) == (1, None, 2, 1.6)
    for row, seed in ((first, 1), (last, 3)):
        for saved, expected in zip(row["probabilities"], probabilities(seed).tolist(), strict=True):
            assert saved == pytest.approx(expected, abs=5e-5)


def test_of_many_epochs_some_are_saved_and_a_resumed_run_continues():
    history, other = SampleHistory(), SampleHistory()
    for epoch in range(1, 121):
        history.add_epoch(epoch, None, probabilities(epoch))
    kept = [row["epoch"] for row in history.as_json()]
    assert len(kept) <= ROWS_KEPT and kept[-1] == 120
    other.restore({"history": history.as_json()}, 100)
    assert [row["epoch"] for row in other.as_json()] == [epoch for epoch in kept if epoch <= 100]


def test_a_file_without_history_begins_anew():
    history = SampleHistory()
    history.restore({"samples": []}, 3)
    assert history.as_json() == []


@pytest.mark.parametrize(
    "row", [{}, {"probabilities": 5}, {"probabilities": [[0.1]]}, {"probabilities": [["x"] * 10]}, {"temperature": "1"}]
)
def test_a_damaged_history_is_rejected(row):
    history = SampleHistory()
    with pytest.raises(ValueError, match="damaged"):
        history.restore({"history": [{"epoch": 1, "probabilities": [], **row} if row else {"epoch": 1}]}, 1)
    assert history.as_json() == []
