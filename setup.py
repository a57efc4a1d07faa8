"""What pyproject.toml can't say: the page, which lies beside the package in a checkout, is installed within it."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class WithPage(build_py):
    def run(self):
        super().run()
        if self.editable_mode:  # the checkout itself is used
            return
        here, page = Path(__file__).parent, Path(self.build_lib, "digits", "page")
        shutil.rmtree(page, ignore_errors=True)
        shutil.copytree(here / "web", page / "web")
        shutil.copy(here / "index.html", page)


setup(cmdclass={"build_py": WithPage})
