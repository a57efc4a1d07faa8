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


def test_the_arrows_go_around_the_mistakes(visit, tmp_path):
    """Back from none is the last one, as is back from the first."""
    with controlled(tmp_path) as (url, _):
        page = visit(f"{url.split('#')[0]}?demo#view=mistakes")
        chosen = page.locator("#embedding li .unseen").first
        focus_embedding(page)
        page.keyboard.press("ArrowRight")
        first = chosen.text_content()
        page.keyboard.press("ArrowLeft")
        becomes(page, lambda: chosen.text_content() != first, True)
        last = chosen.text_content()
        page.reload()
        focus_embedding(page)
        page.keyboard.press("ArrowLeft")
        becomes(page, chosen.text_content, last)


def focus_embedding(page) -> None:
    page.locator("#embedding").scroll_into_view_if_needed()
    see(page, "#embedding h2", "mistakes circled")
    page.locator("#embedding svg").focus()
