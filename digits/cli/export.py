"""Command export: trained weights as ONNX or safetensors."""

from pathlib import Path

import click

from digits import cpu_tuning
from digits.cli.app import cli_errors
from digits.cli.options_from_config import images_options
from digits.cli.runs_options import complete_run, results_option
from digits.cli.terminal import Terminal, print_result
from digits.files import UnexpectedFile
from digits.import_errors import importing
from digits.interrupts import INTERRUPTS
from digits.runlog import contract
from digits.runlog.find import find_run

FORMATS = ("onnx", "safetensors")


@click.command()
@click.argument("run", required=False, metavar="[RUN]", shell_complete=complete_run)
@click.option("--format", "format", type=click.Choice(FORMATS), required=True, help="File format.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write (default: mnist_cnn.onnx or mnist_cnn.safetensors in the current folder).",
)
@results_option
@images_options
def export(run: str | None, format: str, output: Path | None, results_dir: Path, **options) -> None:
    """Export the weights of RUN to ONNX or safetensors, and compare the file with PyTorch on the test set.

    RUN is a weights file, a results folder, or the id or name of a run; default: the run in --results-dir.

    Input of the ONNX network: normalized images, float32 (N, 1, 28, 28); output: logits (N, 10). The metadata hold
    labels, mean, std, accuracy, run id and temperature. Exit code 1 if a logit differs by more than 0.0001.
    """
    cpu_tuning.prepare_for_torch()
    with cli_errors(writes=False), INTERRUPTS.interruptible():
        weights = _weights_of(results_dir, run)
        output = output or Path(f"{Path(contract.WEIGHTS).stem}.{format}")
        if output.resolve() == weights.resolve():
            raise UnexpectedFile(output, "It is the file to export")
        terminal = Terminal()
        with importing():
            from digits.evaluation import exported
        result = exported.export(weights, format, output, **options, progress=terminal.progress)
        if result.notice:
            terminal.warn(result.notice)
        print_result(result.as_text())


def _weights_of(results_dir: Path, run: str | None) -> Path:
    """The weights file that RUN names. Raises UserError if no run is named so."""
    if run is None:
        return results_dir / contract.WEIGHTS
    path = Path(run)
    if path.is_dir():
        return path / contract.WEIGHTS
    is_file = path.is_file() or path.suffix in (".pth", ".safetensors")  # a missing one gets the error of `evaluate`
    return path if is_file else find_run(results_dir, run) / contract.WEIGHTS
