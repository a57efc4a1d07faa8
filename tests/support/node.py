"""Values of the page's modules, computed by Node.js."""

import json
import os
import shutil
import subprocess

import pytest

from tests.support import PROJECT


def node() -> str:
    """The path of Node.js; without it the test is skipped, and in CI it fails."""
    path = shutil.which("node")
    if path is None:
        pytest.fail("no Node.js") if os.environ.get("CI") else pytest.skip("Node.js is not installed")
    return path


def exported(module: str, expression: str):
    """The value of a JavaScript expression, in which `m` is a module of web/."""
    script = f"import * as m from './web/{module}'; console.log(JSON.stringify({expression}))"
    command = [node(), "--input-type=module", "--eval", script]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
