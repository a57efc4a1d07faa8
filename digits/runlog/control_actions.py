"""Commands to a running trainer: control.json, written by server, command line or hand, read between batches.

    {"requests": [{"id": "a1", "action": "lr", "value": 0.001}]}

A sender appends a request to those in the file; the trainer executes each once, in order, and answers it with an event
in the log. `id` identifies a request; one without an id is new if its place in the list held a different request, or
none, before. `run_id`, if given, restricts the requests to that run.
"""

import math
import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from digits.config import MAX_EPOCHS
from digits.errors import UserError
from digits.files import SMALL_BYTES, is_number, load_json, write_json
from digits.number_format import rate
from digits.runlog import contract, lock, status, training_log

PAUSE_RULES = ("pause_each_epoch", "pause_on_fall")  # the options of these names
ACTIONS = ("stop", "pause", "continue", "lr", "epochs", "snapshot", *PAUSE_RULES)
WITH_VALUE = ("lr", "epochs", *PAUSE_RULES)
_SWITCH = {True: True, False: False, "on": True, "off": False}
LR, EPOCHS = "lr changed", "epochs changed"  # kinds of events that answer these: a replay follows them
RESUMED = "resumed"  # and these: `value` is how many steps the run has from then on, `before` how many it had
MAX_REQUESTS = 1000  # in the file: the oldest are dropped, which were executed long ago
_ID_LENGTH = 80
_VALUE_LENGTH = 40  # of a number: with more, a thousand requests would exceed SMALL_BYTES
FAR_ABOVE = 10  # times the current learning rate: a higher one needs confirmation (web/control/state.js)
TIMEOUT_S, POLL_S = 10.0, 0.05  # for an answer: longer than an evaluation of the validation images


class InvalidCommand(ValueError):
    """A request that can't be executed; the message gives the reason."""

    def __init__(self, reason: str, id: str | None = None):
        super().__init__(reason)
        self.id = id


@dataclass(frozen=True)
class Command:
    """A valid request. `value`: the learning rate; a number of epochs, with `whole` in total, else more; on or off."""

    id: str
    action: str
    value: float | None = None
    whole: bool = False


def parse_command(given: object, place: int) -> Command:
    """Parse the entry at index `place` of the list. Raises InvalidCommand, with the entry's id."""
    has_id = isinstance(given, dict) and given.get("id") is not None
    id = str(given["id"])[:_ID_LENGTH] if isinstance(given, dict) and has_id else f"number {place + 1}"
    try:
        if not isinstance(given, dict):
            raise InvalidCommand("a request is an object with an action")
        action, value = given.get("action"), given.get("value")
        if not isinstance(action, str) or action not in ACTIONS:
            raise InvalidCommand(f"no such action: use {', '.join(ACTIONS)}")
        if action in WITH_VALUE:
            return Command(id, action, *parse_value(action, value))
        if value is not None:
            raise InvalidCommand(f"{action} takes no value")
        return Command(id, action)
    except InvalidCommand as error:
        error.id = id
        raise


def parse_value(action: str, value: object) -> tuple[float, bool]:
    """Parse a value: a number, and whether it is absolute ("+5" epochs are not). Raises InvalidCommand."""
    if action in PAUSE_RULES:
        if not isinstance(value, (bool, str)) or value not in _SWITCH:
            raise InvalidCommand(f"the value of {action} is on or off")
        return _SWITCH[value], True
    text = str(value).strip() if isinstance(value, (str, int, float)) and not isinstance(value, bool) else ""
    try:
        number = float(text if len(text) <= _VALUE_LENGTH else "")
    except ValueError:
        number = math.nan
    if action == "lr":
        if not (math.isfinite(number) and number > 0):
            raise InvalidCommand("the learning rate is a finite number above 0")
        return number, True
    if not number.is_integer() or abs(number) > MAX_EPOCHS or number == 0:
        raise InvalidCommand(f"epochs are whole numbers up to {MAX_EPOCHS:,}, such as +5 for five more")
    return number, text[0] not in "+-"


def is_far_above(present: float, wanted: float) -> bool:
    """Whether a learning rate exceeds the current one so far that training may diverge."""
    return present > 0 and wanted > FAR_ABOVE * present


def lr_warning(folder: Path, value: object) -> str | None:
    """A warning about a learning rate far above that of the run in `folder`, None for any other."""
    log = training_log.read(folder) or {}
    try:
        present = float((log["batches"]["lr"] or [log["config"]["lr"]])[-1])
        wanted, _ = parse_value("lr", value)
    except (InvalidCommand, LookupError, TypeError, ValueError):  # the trainer refuses an invalid learning rate
        return None
    if not is_far_above(present, wanted):
        return None
    ratio = f"{wanted / present:,.0f} times the present learning rate, {rate(present)}"
    return f"{rate(wanted)} is {ratio}: training may diverge."


def send(folder: Path, action: str, value: object = None, run_id: str | None = None) -> str:
    """Append a request to the file and return its id. Raises InvalidCommand, and OSError for a file not writable."""
    id = secrets.token_hex(4)
    request = {"id": id, "action": action} | ({} if value is None else {"value": value})
    parse_command(request, 0)
    with lock.lock_file(folder / contract.CONTROL_LOCK):
        before = load_json(folder / contract.CONTROL, SMALL_BYTES)
        before = before if isinstance(before, dict) else {}
        earlier = before.get("requests") if before.get("run_id", run_id) == run_id else None
        requests = [*(earlier if isinstance(earlier, list) else []), request][-MAX_REQUESTS:]
        write_json(folder / contract.CONTROL, ({"run_id": run_id} if run_id else {}) | {"requests": requests})
    return id


def send_and_wait(folder: Path, action: str, value: object = None) -> str:
    """Send a request and return the answer. Raises UserError if it is refused, or if no trainer runs or answers."""
    log = training_log.read(folder) or {}
    if not _is_alive(log, folder):
        raise UserError(f"No trainer is running in {folder}.")
    try:
        id = send(folder, action, value, log.get("run_id"))
    except InvalidCommand as error:
        raise UserError(f"{action}: {error}.") from None
    give_up = time.monotonic() + TIMEOUT_S
    while True:
        alive = _is_alive(log, folder)  # before the log is read: the answer may be its last entry
        log = training_log.read(folder) or {}
        answer = next((event for event in training_log.events_of(log) if event.get("request") == id), None)
        if answer:
            if answer.get("kind") == "refused":
                raise UserError(f"The trainer refused: {answer.get('text')}.")
            step = answer.get("step")
            return f"Step {f'{step:,}' if isinstance(step, int) else step}: {answer.get('text')}."
        if not alive:
            raise UserError("The run ended before it received the request.")
        if time.monotonic() > give_up:
            raise UserError(
                "No answer yet: the trainer may be loading or evaluating. The request stays in control.json."
            )
        time.sleep(POLL_S)


def _is_alive(log: dict, folder: Path) -> bool:
    return bool(log) and status.is_alive(status.liveness(log, folder))


class CommandQueue:
    """The trainer's end of control.json. It has no requests from before the run, since RunLog deletes the file."""

    def __init__(self, folder: Path, run_id: str):
        self._path, self._run_id = folder / contract.CONTROL, run_id
        self._version: tuple | None = None  # of the file that was read last
        self._known: set[str] = set()
        self._without_id: dict[int, object] = {}  # by their places

    def poll(self) -> list[Command | InvalidCommand]:
        """Requests since the last call. Takes two microseconds while the file does not change."""
        try:
            found = os.stat(self._path)
        except OSError:
            self._without_id.clear()
            return []
        version = (found.st_ino, found.st_mtime_ns, found.st_size)
        if version == self._version:
            return []
        try:
            content = load_json(self._path, SMALL_BYTES)
        except OSError:  # it may be readable at the next batch
            return []
        self._version = version
        if not isinstance(content, dict) or not isinstance(content.get("requests"), list):
            return [InvalidCommand("control.json can't be read")]
        if content.get("run_id") not in (None, self._run_id):
            return []
        requests = content["requests"]
        self._without_id = {place: given for place, given in self._without_id.items() if place < len(requests)}
        return [new for new in map(self._parse_new, requests, range(MAX_REQUESTS)) if new]

    def _parse_new(self, given: object, place: int) -> Command | InvalidCommand | None:
        """None for a request that was returned before."""
        parsed: Command | InvalidCommand
        try:
            parsed = parse_command(given, place)
        except InvalidCommand as error:
            parsed = error
        if isinstance(given, dict) and given.get("id") is not None:
            is_known = parsed.id in self._known
            self._known.add(str(parsed.id))
        else:
            is_known = self._without_id.get(place) == given
            self._without_id[place] = given
        return None if is_known else parsed


def changes(events: list[dict]) -> list[dict]:
    """The valid events that changed the schedule of a run or its length."""
    return [event for event in events if event.get("kind") in (LR, EPOCHS, RESUMED) and _is_change(event)]


def original_epochs(events: list[dict]) -> int | None:
    """The number of epochs that the run was started with; None if no command has changed it."""
    return next((event["before"] for event in changes(events) if event["kind"] == EPOCHS and "before" in event), None)


def _is_change(event: dict) -> bool:
    value: object = event.get("value")
    counts = [event.get("step"), event.get("before", 1), *([] if event["kind"] == LR else [value])]
    return (
        all(type(count) is int and count >= 0 for count in counts)
        and isinstance(value, (int, float))
        and is_number(value)
        and value > 0
    )
