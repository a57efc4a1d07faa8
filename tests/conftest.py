"""What several test files need: helpers beside them, and the real MNIST where it lies on this machine."""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # golden.py and other helpers stand beside the tests
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch is imported: as mnist_cnn.py does, and why it says


@pytest.fixture(scope="session")
def mnist_root():
    """The folder named by MNIST_DATA_DIR, if MNIST lies there; otherwise the test is skipped."""
    root = Path(os.environ.get("MNIST_DATA_DIR") or "data")
    if not (root / "MNIST" / "raw" / "train-images-idx3-ubyte").is_file():
        pytest.skip("the real MNIST is not here: set MNIST_DATA_DIR to a folder that holds MNIST/raw")
    return root
