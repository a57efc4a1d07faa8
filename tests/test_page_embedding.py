"""The embedding in the view of mistakes, in a real browser."""

from tests.support.control import controlled
from tests.support.pages import becomes, see


def test_images_are_shown_where_the_pointer_or_the_keyboard_goes(visit, tmp_path):
    with controlled(tmp_path) as (url, _):
        page = visit(f"{url.split('#')[0]}?demo#view=mistakes")
        page.locator("#embedding").scroll_into_view_if_needed()
        see(page, "#embedding h2", r"Embedding \d+ validation images after epoch 10, \d+ mistakes circled")
        plane = page.locator("#embedding svg")
        becomes(page, lambda: plane.locator("text").count() > 500, True)
        plane.hover()
        see(page, "#embedding li", "(correct|label)")
        plane.focus()
        page.keyboard.press("ArrowRight")
        see(page, "#embedding li", "label")
        page.locator("#embedding .chosen[visibility=visible]").wait_for()
