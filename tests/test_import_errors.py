"""Missing or broken packages, and too little memory: one line with a remedy from every command."""

import os
import subprocess
import sys

import pytest

from digits import import_errors
from digits.runlog import contract
from tests.support import PROJECT
from tests.support.training import SMALL

pytestmark = pytest.mark.process

BROKEN = {
    "a shared library is missing": (
        "raise OSError('libtorch_cpu.so: cannot open shared object file: No such file or directory')",
        (
            "torch cannot be loaded (libtorch_cpu.so: cannot open shared object file: No such file or directory): "
            "python -m pip install --force-reinstall torch"
        ),
    ),
    "a symbol is missing": (
        "raise ImportError('libtorch_python.so: undefined symbol: x\\nand more', name='torch._C')",
        (
            "torch cannot be loaded (libtorch_python.so: undefined symbol: x): "
            "python -m pip install --force-reinstall torch"
        ),
    ),
    "its version does not fit": (
        "raise RuntimeError('module was compiled against another ABI')",
        (
            "torch cannot be loaded (module was compiled against another ABI): "
            "python -m pip install --force-reinstall torch"
        ),
    ),
    "a part is missing": (
        "import torch.nothing",
        "torch cannot be loaded (No module named 'torch.nothing'): python -m pip install --force-reinstall torch",
    ),
    "no memory for a library": (
        "raise ImportError('libtorch_cpu.so: failed to map segment from shared object')",
        (
            "There is not enough memory to load torch (libtorch_cpu.so: failed to map segment from shared object): "
            "free some, or raise its limit."
        ),
    ),
    "no memory": (
        "raise MemoryError",
        "There is not enough memory to load torch (MemoryError): free some, or raise its limit.",
    ),
}
COMMANDS = {
    "train": ["--epochs", "1", "--results-dir", "results", *SMALL],
    "evaluate": ["evaluate", "weights.pth"],
    "predict": ["predict", "seven.png"],
    "models": ["models"],
}


def run(folder, words, package="nothing", body=""):
    """Run mnist_cnn.py with `words` and a fake `package` with that body."""
    (folder / "packages" / package).mkdir(parents=True)
    (folder / "packages" / package / "__init__.py").write_text(body)
    environment = os.environ | {"PYTHONPATH": str(folder / "packages")}
    command = [sys.executable, str(PROJECT / "mnist_cnn.py"), *words]
    return subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("fault", BROKEN)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_torch_that_cannot_be_imported_is_an_error_of_one_line(tmp_path, command, fault):
    body, sentence = BROKEN[fault]
    done = run(tmp_path, COMMANDS[command], "torch", body)
    assert (done.returncode, done.stderr) == (1, f"Error: {sentence}\n")


@pytest.mark.parametrize(
    ("package", "name", "command"),
    [("torch", "torch", "train"), ("numpy", "numpy", "predict"), ("PIL", "Pillow", "predict")],
)
def test_a_package_that_is_missing_is_called_by_its_name_for_pip(tmp_path, package, name, command):
    words = COMMANDS[command]
    if package == "PIL":  # it is needed once the weights are read
        folder = tmp_path / "results"
        assert run(tmp_path, ["--epochs", "1", "--results-dir", str(folder), *SMALL]).returncode == 0
        words = [*words, "--weights", str(folder / contract.WEIGHTS)]
    (tmp_path / "seven.png").write_bytes(b"it is not read")
    body = f"raise ModuleNotFoundError(\"No module named '{package}'\", name='{package}')"
    done = run(tmp_path, words, package, body)
    assert done.returncode == 1
    assert done.stderr.startswith(f"Error: {name} is not installed for {sys.executable}: ")
    assert len(done.stderr.splitlines()) == 1


def test_a_memory_limit_too_low_for_torch_is_an_error_of_one_line(tmp_path):
    resource = pytest.importorskip("resource", reason="this system has no limits on memory")

    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (200 << 20, 200 << 20))

    done = subprocess.run(
        [sys.executable, str(PROJECT / "mnist_cnn.py"), "models"],
        preexec_fn=limit,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert "memory to load" in done.stderr or "cannot be loaded" in done.stderr


def test_an_internal_error_keeps_its_traceback():
    with pytest.raises(ImportError, match="cannot import name"), import_errors.importing():
        from digits.errors import no_such_name  # noqa: F401
    with pytest.raises(ZeroDivisionError):
        exec("with importing():\n    1 / 0", {"__name__": "digits.module", "importing": import_errors.importing})
