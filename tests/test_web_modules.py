"""The JavaScript tests of the page's modules."""

import subprocess

import pytest

from tests.support import PROJECT
from tests.support.node import node


@pytest.mark.process
def test_the_modules_of_the_page_pass_their_own_tests():
    files = sorted(str(path.relative_to(PROJECT)) for path in (PROJECT / "tests" / "web").glob("*.test.js"))
    done = subprocess.run([node(), "--test", *files], cwd=PROJECT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
