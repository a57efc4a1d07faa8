"""Type, spacing and color of the page in a real browser: five sizes of text, a grid, one meaning for each color."""

import shutil

import pytest

from digits.runlog import runs
from tests.support import PROJECT, many_runs
from tests.support.browser import our_server, write_run
from tests.support.control import controlled, new_run, press
from tests.support.pad import draw, strokes_of
from tests.support.pages import load_view, see, status

VIEWS = ["overview", "mistakes", "try", "compare", "network", "settings"]
# Size of each text that is seen, and an example of it.
SIZES = """() => {
  const found = {};
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const { textContent, parentElement: element } = walker.currentNode;
    if (!textContent.trim() || !element.checkVisibility({ visibilityProperty: true })) continue;
    found[getComputedStyle(element).fontSize] ??= `${element.localName}: ${textContent.trim().slice(0, 30)}`;
  }
  for (const element of document.querySelectorAll('input:not([type=checkbox], [type=range]), select, textarea, code')) {
    if (element.checkVisibility()) found[getComputedStyle(element).fontSize] ??= `${element.localName} ${element.id}`;
  }
  return found;
}"""
# Padding, margin or gap of an element in view that is on no grid of 4 pixels; automatic and relative margins excepted.
OFF_GRID = """() => {
  const names = ['Top', 'Right', 'Bottom', 'Left'].map((side) => `padding${side}`).concat('rowGap', 'columnGap');
  const isSeen = (element) => element.checkVisibility({ visibilityProperty: true });
  return [...document.querySelectorAll('body :not(svg, svg *, option, iframe)')].filter(isSeen).flatMap((element) => {
    const style = getComputedStyle(element);
    const wrong = names.filter((name) => parseFloat(style[name]) % 4 > 0.01);
    return wrong.map((name) => `${element.localName}#${element.id}.${element.className} ${name} ${style[name]}`);
  });
}"""


@pytest.mark.parametrize("width", [390, 1440])
def test_all_text_has_one_of_five_sizes_and_all_distances_are_on_a_grid(visit, tmp_path, width):
    others = many_runs.write(tmp_path)[:5]
    shutil.copytree(PROJECT / "examples" / "demo", tmp_path, dirs_exist_ok=True)
    runs.write_index(tmp_path)
    sizes, off_grid = {}, set()
    with controlled(tmp_path) as (url, _):
        page = visit(url, width=width)
        for view in VIEWS:
            page.evaluate(f"location.hash = 'view={view}&with={','.join(others)}'")
            status(page, "Completed")
            page.locator(f"#view-{view}").wait_for()
            load_view(page)
            if view == "try":
                draw(page, strokes_of(7))
                see(page, "#pad .answer strong", "7")
                press(page, "Save drawing")
                page.locator("#pad .saved li").wait_for()
            sizes |= {size: f"{view}: {text}" for size, text in page.evaluate(SIZES).items()}
            off_grid |= set(page.evaluate(OFF_GRID))
        if width > 1000:
            new_run(page)
            sizes |= page.evaluate(SIZES)
            off_grid |= set(page.evaluate(OFF_GRID))
            press(page, "Cancel")
    assert len(sizes) == 5, sizes
    assert off_grid == set()


@pytest.mark.parametrize("width", [390, 1440])
def test_the_drawer_has_the_same_sizes_and_grid(visit, tmp_path, width):
    with our_server(tmp_path) as url:
        page = visit(f"{url}?demo#view=mistakes", width=width)
        load_view(page)
        page.locator(".digits [data-image]").first.click()
        page.locator(".drawer .nearest canvas").first.wait_for()
        see(page, ".drawer .occlusion", "patch|Covering")
        sizes, off_grid = page.evaluate(SIZES), page.evaluate(OFF_GRID)
    assert len(sizes) <= 5, sizes
    assert off_grid == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_color_of_controls_means_neither_right_nor_wrong_nor_a_split(visit, tmp_path, theme):
    write_run(tmp_path, status="completed")
    with controlled(tmp_path) as (url, _):
        page = visit(url, theme=theme)
        status(page, "Completed")
        names = ["accent", "good", "bad", "warn", "train", "validation"]
        script = """names => names.map((name) => {
          const mark = document.body.appendChild(document.createElement('i'));
          mark.setAttribute('hidden', '');
          mark.style.setProperty('color', `var(--${name})`);
          return getComputedStyle(mark).color;
        })"""
        colors = page.evaluate(script, names)
        assert len(set(colors)) == len(names), dict(zip(names, colors))
        tile = "getComputedStyle(document.querySelector('.tile[data-kind={}] dt')).color"
        assert [page.evaluate(tile.format(kind)) for kind in ("train", "validation")] == colors[-2:]
