"""Commands to a running trainer: control.json, written by server, command line or hand, read between batches.

    {"requests": [{"id": "a1", "action": "lr", "value": 0.001}]}

Who asks adds a request to those that are there; the trainer does each once, in order, and answers it with an event in
the log. `id` is whatever tells a request from the others; one without is new if another, or none, stood before in its
place of the list. `run_id`, where it is given, keeps a request from another run.
"""

import math
import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from digits.errors import UserError
from digits.files import SMALL_BYTES, load_json, write_json
from digits.runlog import lock, run_log, runs, schema

ACTIONS = ("stop", "pause", "continue", "lr", "epochs", "snapshot")
WITH_VALUE = ("lr", "epochs")
LR, EPOCHS = "lr changed", "epochs changed"  # kinds of events that answer these: from them a run can be repeated
RESUMED = "resumed"  # and from these: its value is how many steps the run was to have from then on, `before` until then
MOST = 1000  # requests in the file: the oldest are dropped, which were done long ago
_ID_LENGTH = 80
_VALUE_LENGTH = 40  # of a number: with more, a thousand requests would not fit
MOST_EPOCHS = 1_000_000
FAR_ABOVE = 10  # times the present learning rate: one that high is asked about, or warned of (web/control/state.js)
_PATIENCE_S, _LOOK_S = 10.0, 0.05  # for an answer: longer than an evaluation of the validation images


class InvalidCommand(ValueError):
    """A request that can't be done; the message says why."""


@dataclass(frozen=True)
class Command:
    """`value`: the new rate for lr, and for epochs how many more, or with `whole` how many in all."""

    id: str
    action: str
    value: float | None = None
    whole: bool = False


def parse_command(given, place: int) -> Command:
    """One entry of the list. Raises Refused, with the entry's id as `id`, for what is none."""
    id = f"number {place + 1}"
    try:
        if not isinstance(given, dict):
            raise InvalidCommand("a request is an object with an action")
        if given.get("id") is not None:
            id = str(given["id"])[:_ID_LENGTH]
        action, value = given.get("action"), given.get("value")
        if action not in ACTIONS:
            raise InvalidCommand(f"there is no such action: use {', '.join(ACTIONS)}")
        if action in WITH_VALUE:
            return Command(id, action, *parse_value(action, value))
        if value is not None:
            raise InvalidCommand(f"{action} takes no value")
        return Command(id, action)
    except InvalidCommand as refusal:
        refusal.id = id
        raise


def parse_value(action: str, value) -> tuple[float, bool]:
    """What a number, or its text, means for lr or epochs: "+5" epochs are five more. Raises Refused."""
    text = str(value).strip() if isinstance(value, (str, int, float)) and not isinstance(value, bool) else ""
    try:
        number = float(text if len(text) <= _VALUE_LENGTH else "")
    except ValueError:
        number = math.nan
    if action == "lr":
        if not (math.isfinite(number) and number > 0):
            raise InvalidCommand("the rate is a finite number above 0")
        return number, True
    if not number.is_integer() or abs(number) > MOST_EPOCHS or number == 0:
        raise InvalidCommand(f"epochs are whole numbers up to {MOST_EPOCHS:,}, such as +5 for five more")
    return number, text[0] not in "+-"


def is_far_above(present: float | None, wanted: float) -> bool:
    """Whether a learning rate is so much higher than the present one that training may diverge."""
    return bool(present) and wanted > FAR_ABOVE * present


def doubt(folder: Path, value) -> str | None:
    """A warning, in a sentence, about a learning rate for the run in `folder`; None where none is due."""
    log = run_log.read(folder)
    try:
        present = float((log["batches"]["lr"] or [log["config"]["lr"]])[-1])
        wanted, _ = parse_value("lr", value)
    except (InvalidCommand, LookupError, TypeError, ValueError):  # the trainer refuses what is no rate
        return None
    if not is_far_above(present, wanted):
        return None
    return (
        f"{wanted:g} is {wanted / present:,.0f} times the present learning rate, {present:.3g}: training may diverge."
    )


def send(folder: Path, action: str, value=None, run_id: str | None = None) -> str:
    """Add a request to the file; its id comes back. Raises Refused for none, OSError where it can't be written."""
    id = secrets.token_hex(4)
    wish = {"id": id, "action": action} | ({} if value is None else {"value": value})
    parse_command(wish, 0)
    with lock.lock_file(folder / runs.CONTROL_LOCK):
        before = load_json(folder / schema.CONTROL, SMALL_BYTES)
        before = before if isinstance(before, dict) else {}
        earlier = before.get("requests") if before.get("run_id", run_id) == run_id else None
        requests = [*(earlier if isinstance(earlier, list) else []), wish][-MOST:]
        write_json(folder / schema.CONTROL, ({"run_id": run_id} if run_id else {}) | {"requests": requests})
    return id


def send_and_wait(folder: Path, action: str, value=None) -> str:
    """Ask, and wait for the answer. Raises UserError where no trainer runs there, or where it refuses or is silent."""
    log = run_log.read(folder) or {}
    if log.get("status") != "running" or lock.is_held(folder) is False:
        raise UserError(f"No trainer is running in {folder}.")
    try:
        id = send(folder, action, value, log.get("run_id"))
    except InvalidCommand as refusal:
        raise UserError(f"{action}: {refusal}.") from None
    give_up = time.monotonic() + _PATIENCE_S
    while time.monotonic() < give_up and log.get("status") == "running":
        log = run_log.read(folder) or {}
        for event in run_log.events_of(log):
            if event.get("request") == id:
                if event.get("kind") == "refused":
                    raise UserError(f"It refused: {event.get('text')}.")
                step = event.get("step")
                return f"Step {f'{step:,}' if isinstance(step, int) else step}: {event.get('text')}."
        time.sleep(_LOOK_S)
    if log.get("status") != "running":
        raise UserError("The run ended before it could be asked.")
    raise UserError("It has not answered yet: it may be busy loading or testing. The request stays in control.json.")


class CommandQueue:
    """The trainer's side. What lay there before the run was for another: RunLog throws it away."""

    def __init__(self, folder: Path, run_id: str):
        self._path, self._run_id = folder / schema.CONTROL, run_id
        self._seen: tuple | None = None
        self._known: set[str] = set()
        self._nameless: dict[int, object] = {}  # by their places: those without an id

    def poll(self) -> list[Command | InvalidCommand]:
        """What was asked since the last time. While the file does not change, two microseconds."""
        try:
            status = os.stat(self._path)
        except OSError:
            self._nameless.clear()
            return []
        version = (status.st_ino, status.st_mtime_ns, status.st_size)
        if version == self._seen:
            return []
        try:
            content = load_json(self._path, SMALL_BYTES)
        except OSError:  # it may be readable at the next batch
            return []
        self._seen = version
        if not isinstance(content, dict) or not isinstance(content.get("requests"), list):
            return [InvalidCommand("control.json can't be read")]
        if content.get("run_id") not in (None, self._run_id):
            return []
        requests = content["requests"]
        self._nameless = {place: given for place, given in self._nameless.items() if place < len(requests)}
        return [found for found in map(self._read, requests, range(MOST)) if found]

    def _read(self, given, place: int) -> Command | InvalidCommand | None:
        try:
            found = parse_command(given, place)
        except InvalidCommand as refusal:
            found = refusal
        if isinstance(given, dict) and given.get("id") is not None:
            known = found.id in self._known
            self._known.add(found.id)
        else:
            known = self._nameless.get(place) == given
            self._nameless[place] = given
        return None if known else found


def changes(events: list[dict]) -> list[dict]:
    """Those events that changed the schedule of a run, or its length; damaged ones are left out."""
    return [event for event in events if event.get("kind") in (LR, EPOCHS, RESUMED) and _is_change(event)]


def original_epochs(events: list[dict]) -> int | None:
    """How many epochs a run was to have before anybody changed that; None where nobody did."""
    return next((event["before"] for event in changes(events) if event["kind"] == EPOCHS and "before" in event), None)


def _is_change(event: dict) -> bool:
    wholes = [event.get("step"), event.get("before", 1), *([] if event["kind"] == LR else [event.get("value")])]
    value = event.get("value")
    return (
        all(type(number) is int and number >= 0 for number in wholes)
        and type(value) in (int, float)
        and math.isfinite(value)
        and value > 0
    )
