"""Searching, sorting, grouping and overlaying in the list of runs, in a real browser."""

import re

import pytest

from tests.support import many_runs
from tests.support.browser import our_server
from tests.support.pages import becomes, see

SETTINGS = ({"rotation": 10.0}, {"rotation": 0.0}, {"lr": 0.02})
LABEL = re.compile(r"\s*\d seeds$")


@pytest.fixture
def url(tmp_path):
    """Three settings with three seeds each."""
    many_runs.write(tmp_path, SETTINGS)
    with our_server(tmp_path) as address:
        yield address


def has_group(page, place, name):
    becomes(page, lambda: groups(page)[place], name)


def groups(page):
    """Their names; one empty name before there are groups."""
    return [LABEL.sub("", text) for text in page.locator("#runs .group .fold").all_inner_texts()] or [""]


def is_descending(values):
    return len(values) == 3 and values == sorted(values, reverse=True)


def test_a_search_filters_the_list_and_is_in_the_address(visit, url):
    page = visit(url)
    search = page.get_by_label("Search runs")
    search.fill("lr>0.01 seed:2")
    see(page, "#runs h2", "1 of 9")
    becomes(page, page.locator("#runs .run .name").all_inner_texts, ["cnn4-quick, lr 0.02, seed 2"])
    page.wait_for_url("**/#find=lr*")
    page.reload()
    see(page, "#runs h2", "1 of 9")
    becomes(page, search.input_value, "lr>0.01 seed:2")
    search.fill("lr>")
    see(page, "#runs .note", "^lr> needs a value.$")
    becomes(page, lambda: len(groups(page)), 3)  # what is unfinished hides nothing
    search.fill("nothing like it")
    see(page, "#runs .note", "^No run matches this search.$")


def test_the_list_is_sorted_by_any_result_or_setting(visit, url):
    page = visit(url)
    page.get_by_label("Sort by", exact=True).select_option(label="Learning rate")
    page.wait_for_url("**/#sort=-lr")
    has_group(page, 0, "cnn4-quick, lr 0.02")
    page.get_by_role("button", name="Descending: sort ascending").click()
    page.wait_for_url("**/#sort=lr")
    has_group(page, -1, "cnn4-quick, lr 0.02")
    page.get_by_role("button", name="Accuracy", exact=True).click()
    page.wait_for_url("**/#sort=-accuracy")
    shown = page.locator("#runs .group .values dd")
    becomes(page, lambda: is_descending([float(text.split()[0]) for text in shown.all_inner_texts()]), True)


def test_a_group_shows_mean_and_deviation_and_can_be_folded_or_dissolved(visit, url):
    page = visit(url)
    see(page, "#runs .group", r"lr 0.02\s*3\sseeds\s*Accuracy\s*9\d\.\d\d\s±\s\d\.\d\d\s%")
    becomes(page, page.locator("#runs .member").count, 9)
    page.locator("#runs .fold").first.click()
    becomes(page, page.locator("#runs .member").count, 6)
    page.get_by_label("Group seeds").uncheck()
    page.wait_for_url("**/#group=none")
    becomes(page, lambda: [page.locator(f"#runs .{kind}").count() for kind in ("group", "run")], [0, 9])


def test_a_run_keeps_its_color_while_others_come_and_go(visit, url):
    page = visit(f"{url}#group=none")
    names = [f"Compare with cnn4-quick, rotation {degrees}" for degrees in ("10.0", "0.0")]
    for name in names:
        page.get_by_label(name, exact=True).check()
    second = page.locator("#learning [data-measure=loss] .others li", has_text="rotation 0.0")
    second.locator(".swatch.other2").wait_for()
    page.get_by_label(names[0], exact=True).uncheck()
    page.locator("#learning [data-measure=loss] .others li", has_text="rotation 10.0").wait_for(state="detached")
    assert second.locator(".swatch.other2").count() == 1
    becomes(page, page.locator("#runs .run", has_text="rotation 0.0").locator(".swatch.other2").count, 1)
    page.wait_for_url("**with=,20*")
    page.reload()
    second.locator(".swatch.other2").wait_for()


def test_a_group_is_overlaid_as_one_line(visit, url):
    page = visit(url)
    page.get_by_label("Compare with the 3 runs of cnn4-quick, rotation 0.0").check()
    line = page.locator("#learning [data-measure=accuracy] .others li")
    see(page, "#learning [data-measure=accuracy] .others li", r"rotation 0.0\s*n\s=\s3\s*9\d\.\d\d\s±\s\d\.\d\d\s%")
    becomes(page, line.count, 1)
    page.get_by_label("Error rate").check()
    see(page, "#learning [data-measure=accuracy] .others li", r"n\s=\s3\s*\d\.\d\d\s±\s0\.\d\d\s%")


def test_on_a_narrow_screen_the_list_is_a_sheet(visit, url):
    page = visit(url, width=390)
    page.get_by_role("button", name="Runs", exact=True).click()
    page.locator("#runs a", has_text="seed 1").first.click()
    page.locator("#runs").wait_for(state="hidden")
    see(page, "h1", "cnn4-quick, lr 0.02$")
