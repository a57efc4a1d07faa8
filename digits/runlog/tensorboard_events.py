"""TensorBoard's event files of a run: the curves of its log, while it is trained or afterwards.

A series is named after section and column of the log, such as batches/loss, epochs/val_accuracy and test/accuracy; its
steps are optimizer steps, its wall times the start of the run plus the time trained. TensorBoard stores float32.

The records are made here, not by the package's writer: that one prints a traceback when the disk is full.
"""

import io
import os
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator
from itertools import accumulate, chain, pairwise
from pathlib import Path
from typing import Any, NamedTuple

from digits.config import OPTIONS
from digits.errors import UserError
from digits.files import append_whole, is_number, open_handle
from digits.runlog import contract
from digits.runlog.training_log import section

_PREFIX = "events.out.tfevents."  # by which TensorBoard knows its files
_VERSION = "brain.Event:2"  # from which on a restart removes what was written after its step


class Point(NamedTuple):
    """Values of several series at one step; `time` in seconds since 1970."""

    step: int
    time: float
    values: dict[str, float]


class EventLog:
    """The event file of one run, which `write` extends by what its log has beyond the previous call.

    A resumed run continues in a further file, which takes back what the earlier ones have after the step from which it
    continues. The files are in `folder` or, if that has another run's, in a folder of it named after the run id.
    Raises UserError if the folder can't be written, ModuleNotFoundError without the package tensorboard. After that,
    files that can't be written are reported to `warn`, once, and tried again at the next call.
    """

    def __init__(self, folder: Path, warn: Callable[[str], None]):
        import tensorboard  # noqa: F401  # its absence is reported before the run starts

        self.folder, self._warn = folder, warn
        self._handle: int | None = None
        self._size = 0
        self._header = b""  # not written yet
        self._written = {"batches": 0, "epochs": 0}  # up to this step
        self._has_failed = self._has_test = False
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"{folder} can't be written ({error.strerror}): choose another --tensorboard.") from None

    def write(self, log: dict) -> None:
        """Append what is new in `log`, the last bucket of batches only when it is full or the run has ended."""
        try:
            if self._handle is None:
                self._open(log)
            self._append(log)
        except OSError as error:
            if not self._has_failed:
                self._warn(f"TensorBoard's files can't be written now ({error.strerror or error}: {self.folder}).")
            self._has_failed = True
        if log.get("status") != "running":
            self.close()

    def close(self) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _open(self, log: dict) -> None:
        """Create the file; after earlier ones of this run it begins with the step from which the run continues."""
        run_id = str(log.get("run_id"))
        self.folder = _folder_for(self.folder, run_id)
        self.folder.mkdir(exist_ok=True)
        earlier = _files(self.folder, run_id)
        # TensorBoard reads files in the order of their names; the counter distinguishes two of the same second.
        name = f"{_PREFIX}{int(time.time()):010d}.{len(earlier):03d}.{run_id}"
        self._handle = open_handle(self.folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        after = _last_full_step(section(log, "batches")) if earlier else 0
        self._written = dict.fromkeys(self._written, after)
        self._header = _header(log, after + 1 if earlier else None)

    def _append(self, log: dict) -> None:
        batches, has_ended = section(log, "batches"), log.get("status") != "running"
        until = None if has_ended else _last_full_step(batches)
        new = {name: list(points_of(log, name, self._written[name])) for name in self._written}
        if until is not None:
            new["batches"] = [point for point in new["batches"] if point.step <= until]
        test = [] if self._has_test else list(test_point(log))
        content = b"".join(map(_record, chain(new["batches"], new["epochs"], test)))
        assert self._handle is not None
        self._size = append_whole(self._handle, self._size, self._header + content)
        self._header = b""
        self._written |= {name: points[-1].step for name, points in new.items() if points}
        self._has_test = self._has_test or bool(test)


def export(log: dict, folder: Path) -> tuple[Path, int]:
    """Write the event file of a whole log. Returns its folder and the number of values.

    Raises OSError, UserError if the folder has this run already, and ModuleNotFoundError like EventLog.
    """
    run_id = str(log.get("run_id"))
    if _files(_folder_for(folder, run_id), run_id):
        raise UserError(f"{folder} contains this run already: remove it, or choose another folder with -o.")

    def fail(text: str) -> None:
        raise UserError(text)

    events = EventLog(folder, fail)
    events.write(log | {"status": "completed"})
    points = chain(points_of(log, "batches"), points_of(log, "epochs"), test_point(log))
    return events.folder, sum(len(point.values) for point in points)


def points_of(log: dict, name: str, after: int = 0) -> Iterator[Point]:
    """The rows of the section "batches" or "epochs" after a step; missing values are left out."""
    columns = {key: column for key, column in section(log, name).items() if isinstance(column, list)}
    steps = _steps(columns)
    times = _Times(log)
    for row in range(bisect_right(steps, after), len(steps)):
        given = {key: column[row] for key, column in columns.items() if key != "step" and row < len(column)}
        values = {f"{name}/{key}": float(value) for key, value in given.items() if is_number(value)}
        if values:
            yield Point(steps[row], times.at(steps[row]), values)


def test_point(log: dict) -> Iterator[Point]:
    """The result on the test set, at the last step."""
    values = {f"test/{key}": float(value) for key, value in section(log, "test").items() if is_number(value)}
    if values:
        step = max([0, *_steps(section(log, "batches")), *_steps(section(log, "epochs"))])
        yield Point(step, _Times(log).at(step), values)


class _Times:
    """Wall times of a run's steps: its start, and the training time until the step."""

    def __init__(self, log: dict):
        batches, epochs = section(log, "batches"), section(log, "epochs")
        self._steps, self._seconds = _steps(batches), _numbers(batches.get("seconds"))
        if not self._steps or not self._seconds:  # another trainer's log may have epochs only
            self._steps, self._seconds = _steps(epochs), list(accumulate(_numbers(epochs.get("seconds"))))
        self._start = contract.seconds_of(log.get("started_at")) or 0.0

    def at(self, step: float) -> float:
        row = min(bisect_right(self._steps, step - 1), len(self._seconds) - 1)
        return self._start + (self._seconds[row] if row >= 0 else 0.0)


def _numbers(column: object) -> list[float]:
    """A column of a log with 0 for missing values; [] for anything else."""
    return [value if is_number(value) else 0.0 for value in column] if isinstance(column, list) else []


def _steps(columns: dict) -> list[int]:
    """The column step; [] if another trainer's log lacks it or has other values than ascending numbers."""
    steps = columns.get("step")
    if not isinstance(steps, list) or not all(map(is_number, steps)):
        return []
    return steps if all(first < second for first, second in pairwise(steps)) else []


def _last_full_step(batches: dict) -> int:
    """The last step of the last full bucket, 0 if there is none: all but the last are full, and equally wide."""
    steps = _steps(batches)
    if len(steps) > 1 and steps[-1] - steps[-2] < steps[0]:
        return steps[-2]
    return steps[-1] if steps else 0


def _folder_for(folder: Path, run_id: str) -> Path:
    """`folder`, unless it has another run's files: TensorBoard would show two runs in a folder as one."""
    return folder / run_id if _files(folder) and not _files(folder, run_id) else folder


def _files(folder: Path, run_id: str = "") -> list[Path]:
    """The event files in a folder, of one run or of all."""
    return [path for path in folder.glob(f"{_PREFIX}*") if path.name.endswith(run_id)]


# -- records ----------------------------------------------------------------------------------------------------------


def _header(log: dict, restart: int | None) -> bytes:
    """The first records: the version, then the step from which a resumed run continues, or the settings as a table."""
    from tensorboard.compat.proto.event_pb2 import Event, SessionLog

    start = contract.seconds_of(log.get("started_at")) or 0.0
    first = _framed(Event(wall_time=start, file_version=_VERSION))
    if restart is None:
        return first + _framed(Event(wall_time=start, step=0, summary=_settings(log)))
    return first + _framed(Event(wall_time=start, step=restart, session_log=SessionLog(status=SessionLog.START)))


def _settings(log: dict) -> Any:
    """The settings as a Markdown table for TensorBoard's tab Text."""
    from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
    from tensorboard.compat.proto.tensor_pb2 import TensorProto
    from tensorboard.compat.proto.types_pb2 import DT_STRING

    settings = section(log, "config").items()
    shown = [(name, value) for name, value in settings if name not in OPTIONS or OPTIONS[name].on_page]  # no paths
    rows = [("run_id", log.get("run_id")), *({"name": log.get("name")} | dict(shown)).items()]
    lines = [
        "| setting | value |",
        "|---|---|",
        *(f"| {name} | {value} |" for name, value in rows if value is not None),
    ]
    metadata = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name="text"))
    tensor = TensorProto(dtype=DT_STRING, string_val=["\n".join(lines).encode()])
    return Summary(value=[Summary.Value(tag="settings", metadata=metadata, tensor=tensor)])


def _record(point: Point) -> bytes:
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary

    values = [Summary.Value(tag=tag, simple_value=value) for tag, value in point.values.items()]
    return _framed(Event(wall_time=point.time, step=point.step, summary=Summary(value=values)))


def _framed(event: Any) -> bytes:
    from tensorboard.summary.writer.record_writer import RecordWriter

    buffer = io.BytesIO()
    RecordWriter(buffer).write(event.SerializeToString())
    return buffer.getvalue()
