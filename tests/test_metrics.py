"""Metrics, compared with slow reference implementations."""

import math
from fractions import Fraction

import pytest
import torch

from digits.evaluation import metrics


@pytest.fixture(scope="module")
def answers():
    """Probabilities (500, 10) of a fairly accurate network, and labels (500,) without any 7."""
    generator = torch.Generator().manual_seed(3)
    labels = torch.randint(0, 10, (500,), generator=generator)
    labels[labels == 7] = 1
    logits = 1.5 * torch.randn(500, 10, generator=generator)
    logits[torch.arange(500), labels] += 2
    return logits.softmax(dim=1), labels


def read_and_shown(answers):
    probabilities, labels = answers
    return list(zip(probabilities.argmax(1).tolist(), labels.tolist()))


def test_the_confusion_matrix_counts_each_image_once(answers):
    confusion = metrics.confusion_matrix(answers[0].argmax(1), answers[1])
    pairs = read_and_shown(answers)
    for shown in range(10):
        for read in range(10):
            assert confusion[shown, read] == pairs.count((read, shown))
    assert confusion.sum() == 500


def test_precision_recall_and_f1_follow_their_definitions(answers):
    pairs = read_and_shown(answers)
    rows = metrics.per_class(metrics.confusion_matrix(answers[0].argmax(1), answers[1]))
    assert [row.digit for row in rows] == list(range(10))
    for row in rows:
        hits = pairs.count((row.digit, row.digit))
        shown = sum(label == row.digit for _, label in pairs)
        read = sum(answer == row.digit for answer, _ in pairs)
        assert row.images == shown
        assert row.precision == (hits / read if read else None)
        assert row.recall == (hits / shown if shown else None)
        if hits:
            assert row.f1 == pytest.approx(2 / (1 / row.precision + 1 / row.recall))


def test_the_most_frequent_confusion_is_the_most_frequent_wrong_prediction(answers):
    pairs = read_and_shown(answers)
    for row in metrics.per_class(metrics.confusion_matrix(answers[0].argmax(1), answers[1])):
        wrong = [answer for answer, label in pairs if label == row.digit != answer]
        assert row.misread == max(map(wrong.count, range(10)))
        if wrong:
            assert row.misread_as == min(wrong, key=lambda answer: (-wrong.count(answer), answer))


def test_undefined_fractions_are_none_and_skipped_in_the_mean():
    confusion = torch.zeros(10, 10, dtype=torch.int64)
    confusion[3, 3], confusion[4, 3] = 6, 2
    rows = metrics.per_class(confusion)
    assert (rows[0].precision, rows[0].recall, rows[0].f1, rows[0].misread_as, rows[0].misread) == (None,) * 4 + (0,)
    assert (rows[3].precision, rows[3].recall, rows[3].f1) == (0.75, 1.0, 12 / 14)
    assert (rows[4].precision, rows[4].recall, rows[4].f1, rows[4].misread_as, rows[4].misread) == (None, 0, 0, 3, 2)
    assert metrics.mean_of_known([row.recall for row in rows]) == 0.5
    assert metrics.mean_of_known([None, None]) is None


def slow_calibration_error(probabilities, labels, bins):
    images = [(max(row), row.index(max(row)) == label) for row, label in zip(probabilities.tolist(), labels.tolist())]
    error = 0.0
    for number in range(bins):
        inside = [
            image for image in images if Fraction(number, bins) < Fraction(image[0]) <= Fraction(number + 1, bins)
        ]
        if inside:
            confidence = math.fsum(sure for sure, _ in inside) / len(inside)
            accuracy = sum(right for _, right in inside) / len(inside)
            error += len(inside) / len(images) * abs(accuracy - confidence)
    return error


@pytest.mark.parametrize("bins", [1, 2, 15, 100])
def test_the_calibration_error_equals_a_slow_reference(answers, bins):
    assert metrics.calibration_error(*answers, bins=bins) == pytest.approx(slow_calibration_error(*answers, bins))


def test_a_confidence_on_a_bin_edge_belongs_to_the_lower_bin():
    probabilities = torch.zeros(2, 10)
    probabilities[0, 0], probabilities[0, 1] = 0.5, 0.5  # right, and on the edge of two intervals
    probabilities[1, 0], probabilities[1, 1] = (
        0.75,
        0.25,
    )  # wrong: in one interval with it they would set each other off
    error = metrics.calibration_error(probabilities, torch.tensor([0, 1]), bins=2)
    assert error == pytest.approx((0.5 + 0.75) / 2)


def test_a_certain_and_correct_network_is_calibrated():
    labels = torch.arange(10)
    assert metrics.calibration_error(torch.eye(10), labels) == 0
    assert metrics.calibration_error(torch.eye(10), labels.flip(0)) == 1
    assert metrics.mean_confidence(torch.eye(10)) == 1


@pytest.mark.parametrize(("right", "total"), [(9944, 10000), (1, 3), (0, 10), (10, 10), (7, 10)])
def test_the_interval_ends_where_the_fraction_would_lie_just_within_95_percent(right, total):
    """Wilson's interval holds every p from which right/total is at most 1.96 standard deviations away."""
    for end in metrics.wilson_interval(right, total):
        if 1e-9 < end < 1 - 1e-9:
            distance = abs(right / total - end) / math.sqrt(end * (1 - end) / total)
            assert distance == pytest.approx(1.959964)
    low, high = metrics.wilson_interval(right, total)
    assert 0 <= low <= right / total <= high <= 1
