"""The drawer of an image while files or parts of a run are missing."""

import json
import shutil

import pytest

from digits.files import write_json
from digits.runlog.contract import EMBEDDING, PREDICTIONS, TEST_IMAGES, TEST_SAMPLES, TRAINING_LOG
from tests.support.browser import our_server
from tests.support.pages import becomes, see
from tests.test_page_drawer import DEMO, DRAWER, OCCLUSION, most_confident_mistake


@pytest.fixture
def run(tmp_path):
    """A copy of the example run that a test may change."""
    shutil.copytree(DEMO, tmp_path / "run")
    return tmp_path / "run"


def change(folder, name, edit) -> None:
    content = json.loads((folder / name).read_text())
    edit(content)
    write_json(folder / name, content)


def test_what_a_run_lacks_is_said(visit, run, tmp_path):
    """As a run of another trainer: no network, no embedding, uncalibrated, one test image without a picture."""
    for name in ("network.json", EMBEDDING, TEST_IMAGES):
        (run / name).unlink()
    change(run, TRAINING_LOG, lambda log: log.update(files=[TEST_SAMPLES, PREDICTIONS]))
    change(run, PREDICTIONS, lambda content: [content["test"].pop("temperature"), content.pop("validation")])
    with our_server(run) as url:
        page = visit(f"{url}#image=test-5")
        see(page, f"{DRAWER} .drawer-verdict", r"confidence \(uncalibrated\)")
        see(page, OCCLUSION, "picture of this image is not in the files")
        see(page, DRAWER, "This run has none: its trainer did not write embedding.json")
        becomes(page, page.get_by_role("button", name="Open in the pad").is_disabled, True)
        page = visit(f"{url}#image=test-999999")
        see(page, DRAWER, "have no prediction for this image")


def test_a_live_run_shows_what_there_is_and_follows_it(visit, run):
    """Before its end: no test predictions, no neighbors; then with them."""
    whole = {name: (run / name).read_text() for name in (TRAINING_LOG, PREDICTIONS, EMBEDDING)}

    def early(log):
        log.update(status="running", phase="training", test=None, updated_at="2999-01-01T00:00:00Z")

    change(run, TRAINING_LOG, early)
    change(run, PREDICTIONS, lambda content: content["test"].update(predictions=None, confidences=None, notable=None))
    change(run, EMBEDDING, lambda content: content.update(test=None, neighbors=None))
    with our_server(run) as url:
        page = visit(f"{url}#image=validation-{most_confident_mistake()}")
        see(page, DRAWER, "found at the end of training")
        for name in (PREDICTIONS, EMBEDDING, TRAINING_LOG):
            (run / name).write_text(whole[name])
        see(page, f"{DRAWER} .nearest", "Of its label")
