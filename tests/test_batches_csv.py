import struct

import pytest

from digits.runlog.batches import BatchCsv

FIELDS = ("step", "epoch", "loss", "accuracy")


@pytest.fixture
def path(tmp_path):
    log = BatchCsv(tmp_path / "batches.csv", FIELDS)
    for step in range(1, 6):
        log.append(step, 1, step / 3, step / 7)
    log.write(log.drain())
    log.close()
    return tmp_path / "batches.csv"


def rows(path):
    return path.read_text().splitlines()


def test_losses_have_enough_digits_to_distinguish_any_two_float32(tmp_path):
    log = BatchCsv(tmp_path / "batches.csv", FIELDS)
    values = [struct.unpack("f", struct.pack("I", bits))[0] for bits in range(0x3F000000, 0x3F000040)]
    for step, value in enumerate(values):
        log.append(step, 1, value, None)
    log.write(log.drain())
    read = [float(row.split(",")[2]) for row in rows(tmp_path / "batches.csv")[1:]]
    assert [struct.unpack("f", struct.pack("f", value))[0] for value in read] == values


@pytest.mark.parametrize("kept", [0, 3, 5, 9])
@pytest.mark.parametrize("torn", ["", "6,1,0.2"])
def test_a_resumed_file_is_truncated_and_continued(path, kept, torn):
    path.write_text(path.read_text() + torn)
    before = rows(path)[:6]
    log = BatchCsv(path, FIELDS, resume=True)
    assert log.truncate_rows(kept) == min(kept, 5)
    log.append(7, 2, 0.5, 0.25)
    log.write(log.drain())
    log.close()
    assert rows(path) == [*before[: 1 + kept], "7,2,0.5,0.25"]


@pytest.mark.parametrize("head", ["", "junk\n", "step,epoch\n", "step,epoch,loss,accuracy"])
def test_a_file_with_another_header_is_replaced(path, head):
    path.write_text(head + "".join(path.read_text().splitlines(keepends=True)[1:]) if head.endswith("\n") else head)
    log = BatchCsv(path, FIELDS, resume=True)
    assert log.truncate_rows(3) == 0
    log.append(4, 2, 0.5, 0.25)
    log.write(log.drain())
    log.close()
    assert rows(path) == [",".join(FIELDS), "4,2,0.5,0.25"]


def test_a_missing_file_is_created(tmp_path):
    log = BatchCsv(tmp_path / "batches.csv", FIELDS, resume=True)
    log.truncate_rows(3)
    log.close()
    assert rows(tmp_path / "batches.csv") == ["step,epoch,loss,accuracy"]
