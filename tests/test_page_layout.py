"""Layout of the page: any text, any width, dark and light, keyboard; screenshots."""

import gzip
import re
import shutil
from pathlib import Path

import pytest

from digits.server.routes import Site
from tests.support import PROJECT
from tests.support.browser import our_server, write_run
from tests.support.http_client import ask, serving, site_server
from tests.support.pages import becomes, becomes_true, fits, reach, see, status

PICTURES = PROJECT / "tests" / "screenshots"
OPENING = 80_000  # bytes of compressed HTML, CSS, JavaScript and SVG that the first view needs
LATER = ' fetchpriority="low"'
LIMIT = 270_000  # bytes of all of the page, compressed


def files_of_the_page() -> list[Path]:
    """Those of the served page; the digit reader's is served at the same address, instead of it."""
    files = filter(Path.is_file, (PROJECT / "web").rglob("*"))
    return [PROJECT / "index.html", *(path for path in files if path.suffix != ".html")]


def test_the_name_of_a_run_stays_text(visit, tmp_path):
    attack = "W" * 100 + "<img src=x onerror='window.hacked=1'><script>window.hacked=1</script>"
    write_run(tmp_path, name=attack, status="failed", error=attack, command=attack, config={attack: attack})
    with our_server(tmp_path) as url:
        page = visit(url)
        see(page, "h1", re.escape(attack))
        see(page, "#settings", re.escape(attack))
        assert page.evaluate("window.hacked") is None
        becomes(page, lambda: attack in page.title(), True)
        page.set_viewport_size({"width": 360, "height": 900})
        fits(page, 360)


def test_a_run_that_logs_little_is_shown_without_empty_sections(visit, tmp_path):
    write_run(tmp_path)
    (tmp_path / "training_log.json").write_text('{"run_id": "x", "status": "completed"}')
    with our_server(tmp_path) as url:
        page = visit(url)
        status(page, "Completed")
        for section in ("layers", "samples", "runs", "epochs"):
            page.locator(f"#{section}").wait_for(state="hidden")


def test_memory_is_shown_and_its_absence_in_older_logs_leaves_no_gap(visit, tmp_path):
    model = write_run(tmp_path, status="completed")["model"]
    with our_server(tmp_path) as url:
        page = visit(url)
        facts = "#layers [data-part=facts]"
        see(page, "#layers td", "^Conv2d 3.3$")
        see(page, facts, "^All parameters trainable · 481.kB for one image: input 3.14.kB, forward/backward 351.kB")
        write_run(tmp_path, status="completed", model=model | {"trainable": 31_370})
        see(page, facts, "^31,370 of the parameters trainable")
        newer = ("trainable", "input_mb", "activations_mb", "parameters_mb", "total_mb")
        layers = [{key: value for key, value in layer.items() if key != "detail"} for layer in model["layers"]]
        older = {key: value for key, value in model.items() if key not in newer} | {"layers": layers}
        write_run(tmp_path, status="completed", model=older)
        page.locator(facts).wait_for(state="hidden")
        see(page, "#layers td", "^Conv2d$")


def test_the_keyboard_reaches_everything_and_reads_the_charts(visit, tmp_path):
    write_run(tmp_path, status="completed")
    with our_server(tmp_path) as url:
        page = visit(url)
        status(page, "Completed")
        see(page, "#epochs summary", "Table of epochs")
        see(page, "#happening", "Finished")
        reached = []
        for _ in range(40):
            page.keyboard.press("Tab")
            reached.append(page.evaluate("document.activeElement.id || document.activeElement.tagName"))
        assert {"skip", "A", "BUTTON", "CANVAS", "SUMMARY", "SELECT"} <= set(reached)
        loss, accuracy = (page.locator(f"[data-measure={name}] canvas") for name in ("loss", "accuracy"))
        loss.focus()
        page.keyboard.press("End")
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowLeft")
        becomes(page, lambda: "step" in loss.get_attribute("aria-valuetext"), True)
        now = "aria-valuenow"  # the charts read together
        becomes(page, lambda: accuracy.get_attribute(now) == loss.get_attribute(now), True)
        page.keyboard.press("+")
        page.locator("[data-part=reset]").first.click()
        page.locator("[data-part=reset]").first.wait_for(state="hidden")


def test_theme_and_interval_are_remembered(visit, tmp_path):
    write_run(tmp_path, status="completed")
    with our_server(tmp_path) as url:
        page = visit(url)
        background = "getComputedStyle(document.documentElement).backgroundColor"
        light = page.evaluate(background)
        page.get_by_role("button", name="More", exact=True).click()
        page.locator("#theme").select_option("dark")
        becomes_true(page, f"{background} !== '{light}'")
        dark = page.evaluate(background)
        page.reload()
        becomes(page, page.locator("#theme").input_value, "dark")
        assert page.evaluate(background) == dark
        becomes(page, page.locator("#refresh").input_value, "1")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_overflows_at_any_width(visit, tmp_path, theme):
    PICTURES.mkdir(exist_ok=True)
    write_run(tmp_path, status="completed")
    with our_server(tmp_path) as url:
        page = visit(url, theme=theme)
        status(page, "Completed")
        for width in (360, 390, 768, 1440, 2560):
            page.set_viewport_size({"width": width, "height": 900})
            fits(page, width)
            if width in (390, 1440):
                page.screenshot(path=PICTURES / f"page-{width}-{theme}.png", full_page=True)


def imported_from(path: Path, found: dict[Path, None]) -> dict[Path, None]:
    """The module and what it imports, and what that imports, in order; not what is imported within functions."""
    if path not in found:
        found[path] = None
        for name in re.findall(r"^(?:import|export)\b[^;]*?from '([^']+)';", path.read_text(), re.MULTILINE):
            imported_from((path.parent / name).resolve(), found)
    return found


def test_opening_the_page_takes_few_bytes():
    html = (PROJECT / "index.html").read_text()
    linked = re.findall(r'(?:href|src)="(web/[^"]+)"', html)
    first = {PROJECT / "index.html", *(PROJECT / path for path in linked if not path.endswith(".js"))}
    for script in re.findall(r'<script type="module" src="([^"]+)"', html):
        first |= imported_from(PROJECT / script, {}).keys()
    assert len(first) > 30
    assert sum(len(gzip.compress(path.read_bytes(), 6)) for path in first) <= OPENING


def test_the_page_lists_its_modules_so_that_they_are_requested_at_once():
    """Those of the first requests come first, and the others give way to these requests."""
    html = (PROJECT / "index.html").read_text()
    scripts = [PROJECT / path for path in re.findall(r'<script type="module" src="([^"]+)"', html)]
    first = imported_from(PROJECT / "web" / "core" / "head-start.js", {})
    every = dict(first)
    for script in scripts:
        imported_from(script, every)
    wanted = [
        f'<link rel="modulepreload" href="{path.relative_to(PROJECT).as_posix()}"{"" if path in first else LATER}>'
        for path in every
        if path not in scripts
    ]
    assert re.findall("<link rel=.modulepreload.*", html) == wanted, "\n".join(wanted)


def test_the_compressed_page_takes_few_bytes(tmp_path):
    """Pad, controls and chart export included, which are loaded on demand; not the digit reader, a page of its own."""
    with serving(site_server(Site(tmp_path))) as server:
        paths = [path.relative_to(PROJECT).as_posix() for path in files_of_the_page() if path.parent.name != "reader"]
        answers = [ask(server, f"/{path}", headers={"Accept-Encoding": "gzip"}) for path in paths]
    assert {answer.status for answer in answers} == {200} and len(answers) > 100
    assert sum(len(answer.body) for answer in answers) <= LIMIT


def test_the_page_names_no_other_host():
    for path in files_of_the_page():
        if path.suffix == ".png":
            continue
        addresses = re.findall(r"(?:https?:)?//[\w.-]+\.\w+[^\s\"']*", path.read_text())
        assert {address for address in addresses if "www.w3.org/2000/svg" not in address} == set(), path.name


@pytest.mark.parametrize("width", [360, 390])
def test_all_of_what_is_happening_can_be_read_on_a_phone(visit, tmp_path, width):
    log = write_run(tmp_path, status="completed")
    smoothing = {
        "config": log["config"] | {"label_smoothing": 0.05},
        "epochs": log["epochs"] | {"val_loss": [0.05, 0.04, 0.06]},
    }
    write_run(tmp_path, status="completed", **smoothing)
    with our_server(tmp_path) as url:
        page = visit(url, width=width)
        box = page.locator("#happening div")
        page.get_by_role("button", name="Show all").click()
        page.get_by_role("button", name="Show less").wait_for()
        see(page, "#happening", "this is not overfitting")
        assert box.evaluate("box => box.scrollHeight <= box.clientHeight + 1")
        page.get_by_role("button", name="Show less").click()
        page.get_by_role("button", name="Show all").wait_for()
        assert box.evaluate("box => box.scrollHeight > box.clientHeight")


def test_weights_are_beside_the_layers_and_above_the_scrubber(visit, tmp_path):
    shutil.copytree(PROJECT / "examples" / "demo", tmp_path, dirs_exist_ok=True)
    with our_server(tmp_path) as url:
        page = visit(f"{url}#view=network")
        reach(page, "#weights")
        page.set_viewport_size({"width": 1440, "height": 900})
        page.evaluate("scrollTo(0, 0)")
        scrubber = page.locator("#scrubber").bounding_box()["y"]
        ends = page.locator("#weights :is(.filters canvas, .spreads figure)").evaluate_all(
            "all => all.map((one) => one.getBoundingClientRect().bottom)"
        )
        assert len(ends) > 20 and max(ends[:24]) <= scrubber, "of ten layers eight are seen below a notice"
        table = page.locator("#layers .scroll")
        assert table.evaluate("scroll => scroll.scrollWidth <= scroll.clientWidth"), "all columns are seen"
