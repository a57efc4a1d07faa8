"""Build step that copies the page and results/schema.json, which are outside the package in a checkout, into it."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class WithPage(build_py):
    """Copies the page and the schema into the package."""

    def run(self):
        super().run()
        if self.editable_mode:  # the checkout itself is used
            return
        here, page = Path(__file__).parent, Path(self.build_lib, "digits", "page")
        shutil.rmtree(page, ignore_errors=True)
        shutil.copytree(here / "web", page / "web")
        shutil.copy(here / "index.html", page)
        shutil.copytree(here / "examples" / "demo", page / "examples" / "demo")
        (page / "results").mkdir()
        shutil.copy(here / "results" / "schema.json", page / "results")


setup(cmdclass={"build_py": WithPage})
