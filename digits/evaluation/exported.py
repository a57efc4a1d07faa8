"""Export of trained weights to ONNX or safetensors, checked against PyTorch on the test set."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from digits.data import datasets
from digits.data.datasets import ProgressFactory
from digits.data.mnist import MEAN, STD, Dataset, Split, normalize
from digits.errors import UserError
from digits.evaluation.evaluation import Evaluation, evaluate_split
from digits.files import named_by_user, write_atomically
from digits.models import safetensors_file, weights_file
from digits.models.precision import Precision
from digits.number_format import percent, size
from digits.paths import short_path
from digits.renames import present_fields

TOLERANCE = 1e-4  # of a logit, whose values are around 10: rounding in float32 gives 1e-5
_BATCH = 250  # and one image alone before: the batch size is dynamic
_FACTS = ("labels", "model", "run_id", "epoch", "step", "dataset", "temperature", "ood_threshold")

Compute = Callable[[Tensor], Tensor]  # normalized images (n, 1, 28, 28) to logits (n, 10)


@dataclass(frozen=True)
class Exported:
    """An exported file and the result of its check."""

    file: Path
    bytes: int
    model: str
    parameters: int
    metadata: dict[str, str]
    checked_with: str
    dataset: str
    notice: str | None  # why these are not the images that belong to the weights
    images: int
    difference: float  # the largest of a logit
    accuracy: float  # of the file
    torch_accuracy: float

    def as_text(self) -> str:
        """Lines for the terminal."""
        same = "as with PyTorch" if self.accuracy == self.torch_accuracy else f"PyTorch {percent(self.torch_accuracy)}"
        return "\n".join(
            [
                f"{short_path(self.file)}: {self.model} with {self.parameters:,} parameters, {size(self.bytes)}",
                f"checked with {self.checked_with}: {self.images:,} test images of {self.dataset}",
                f"largest difference of a logit from PyTorch {self.difference:.1e}, limit {TOLERANCE:.0e}",
                f"accuracy {percent(self.accuracy)}, {same}",
                f"metadata: {', '.join(self.metadata)}",
            ]
        )


def export(
    weights: Path, format: str, output: Path, dataset: str | None, data_dir: Path, progress: ProgressFactory
) -> Exported:
    """Write `weights` as `output` in the format "onnx" or "safetensors", unless the check fails: UserError.

    Raises UserError for unusable weights, ModuleNotFoundError without a package that the format needs.
    """
    network, content = weights_file.open_trained(named_by_user(weights))
    about = present_fields(content)
    make, open_file, checked_with = _onnx() if format == "onnx" else _safetensors()
    images = _test_images(dataset or about.get("dataset") or "auto", data_dir, progress)
    reference = evaluate_split(network, images.test, Precision(torch.device("cpu")))
    if not reference.logits.isfinite().all():
        raise UserError(f"{weights} contains NaN or infinite weights: {weights_file.REMEDY}")
    metadata = _metadata(about, reference.accuracy if images.name == about.get("dataset") else None)
    made = make(network, metadata)
    with open_file(made) as compute:
        logits = _logits(compute, images.test, progress)
    difference = (logits - reference.logits).abs().max().item()
    if not difference <= TOLERANCE:  # NaN, too
        raise UserError(
            f"{output} was not written: its logits differ from PyTorch's by up to {difference:.1e}. Try another "
            f"version of {checked_with.partition(' ')[0]}."
        )
    write_atomically(output, made)
    return Exported(
        file=output,
        bytes=len(made),
        model=about["model"]["name"],
        parameters=sum(parameter.numel() for parameter in network.parameters()),
        metadata=metadata,
        checked_with=checked_with,
        dataset=images.name,
        notice=images.notice,
        images=len(images.test),
        difference=difference,
        accuracy=Evaluation(logits, images.test.labels).accuracy,
        torch_accuracy=reference.accuracy,
    )


def _test_images(name: str, data_dir: Path, progress: ProgressFactory) -> Dataset:
    """The data set `name`; without MNIST synthetic digits, with a notice: they serve to compare two programs, too."""
    return datasets.load_test("auto" if name == "mnist" else name, data_dir, progress)


def _metadata(about: dict, accuracy: float | None) -> dict[str, str]:
    """What a program needs besides the network; `accuracy` is that on the test set, as far as it is known."""
    facts = {name: about.get(name) for name in _FACTS}
    known = about.get("test_accuracy") if accuracy is None else accuracy
    return safetensors_file.as_metadata({"mean": MEAN, "std": STD, "accuracy": known, **facts})


def _logits(compute: Compute, split: Split, progress: ProgressFactory) -> Tensor:
    """Logits (N, 10) of all images, the first one alone."""
    parts = [split.images[:1], *split.images[1:].split(_BATCH)]
    logits = []
    with progress("Checking", len(split)) as advance:
        for part in parts:
            logits.append(compute(normalize(part)))
            advance(len(part))
    return torch.cat(logits)


def _onnx() -> tuple[Callable, Callable, str]:
    """Functions that make and open a file, and the name of the program that computes it."""
    import onnx  # noqa: F401  # before the weights are evaluated: its absence is reported at once
    import onnxruntime

    from digits.models.onnx_file import INPUT, OUTPUT, onnx_model

    @contextmanager
    def opened(content: bytes) -> Iterator[Compute]:
        session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
        yield lambda images: torch.from_numpy(session.run([OUTPUT], {INPUT: images.numpy()})[0])

    return onnx_model, opened, f"onnxruntime {onnxruntime.__version__}"


def _safetensors() -> tuple[Callable, Callable, str]:
    """Functions that make and open a file, and the name of the program that reads it."""
    import safetensors

    @contextmanager
    def opened(content: bytes) -> Iterator[Compute]:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, f"weights{safetensors_file.SUFFIX}")
            path.write_bytes(content)
            yield torch.inference_mode()(weights_file.load_network(path))

    return safetensors_file.safetensors_file, opened, f"safetensors {safetensors.__version__}"
