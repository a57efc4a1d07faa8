import threading

import pytest

from digits.runlog import contract
from digits.runlog.writer import LogWriter


def test_flushing_a_stopped_writer_does_not_block():
    writer = LogWriter(lambda: None)
    with pytest.raises(RuntimeError, match="is not running"):
        writer.flush()
    writer.start()
    writer.flush()
    writer.close()
    with pytest.raises(RuntimeError, match="is not running"):
        writer.flush()


def test_a_waiting_flush_is_released_when_the_writer_ends():
    begun, go_on = threading.Event(), threading.Event()

    def write():
        begun.set()
        go_on.wait(60)

    writer, outcomes = LogWriter(write), []

    def wait():
        try:
            outcomes.append(writer.flush())
        except RuntimeError as error:
            outcomes.append(str(error))

    writer.start()
    waiting = [threading.Thread(target=wait) for _ in range(3)]
    waiting[0].start()
    assert begun.wait(60)
    for thread in waiting[1:]:
        thread.start()
    closing = threading.Thread(target=writer.close)
    closing.start()
    go_on.set()
    for thread in (*waiting, closing):
        thread.join(60)
    assert len(outcomes) == 3


def test_the_first_changes_after_a_flush_are_written_early(monkeypatch):
    monkeypatch.setattr(contract, "WRITE_EVERY_S", 1000)
    written = threading.Event()
    writer = LogWriter(written.set)
    writer.start()
    writer.flush()
    written.clear()
    writer.mark_dirty()
    assert written.wait(60)
    writer.close()
