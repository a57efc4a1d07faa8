"""Artifacts of a run besides its log: images, samples, predictions, snapshots and weights."""

from collections.abc import Callable

from digits.config import Config
from digits.data.mnist import Dataset
from digits.evaluation import calibration, ood
from digits.evaluation.evaluation import Evaluation
from digits.files import is_number, read_bytes, read_json
from digits.models import weights_file
from digits.models.history import ModelHistory
from digits.models.weight_stats import WeightHistograms
from digits.renames import present_fields
from digits.runlog import schema
from digits.runlog.run_log import RunLog
from digits.training import predictions
from digits.training.trainer import Trainer

_JUDGED = ("temperature", "ood_threshold")  # what validation images tell of a network


class ArtifactWriter:
    """Collects a run's predictions and writes its files through the log."""

    def __init__(self, log: RunLog, config: Config, dataset: Dataset, learner: Trainer):
        self._log, self._config, self._dataset, self._learner = log, config, dataset, learner
        self._predictions = predictions.Predictions(dataset.validation, dataset.test)
        self._weights = WeightHistograms()
        self._networks = ModelHistory()
        self._judged: dict[str, float | None] = dict.fromkeys(_JUDGED)  # by the last validation
        self._chosen = predictions.choose_samples(config.samples, len(dataset.test), config.seed)

    def save_images(self) -> None:
        """The mosaics for the gallery; the training set needs none."""
        if len(self._dataset.validation):
            self._log.save_shared(schema.VALIDATION_IMAGES, predictions.mosaic(self._dataset.validation.images))
        self._log.save_shared(schema.TEST_IMAGES, predictions.mosaic(self._dataset.test.images))

    def restore(self, epoch: int, warn: Callable[[str], None]) -> None:
        """Go on with what an earlier process wrote, up to `epoch`.

        All of that is for the page, and follows from the network: what is damaged is dropped, named by `warn`, and
        written anew after the next epoch.
        """
        if not epoch or self._learner.group.rank:
            return
        parts = {
            schema.PREDICTIONS: self._predictions.restore,
            schema.LAYER_WEIGHTS: self._weights.restore,
            schema.NETWORK: self._restore_network,
        }
        for file, restore in parts.items():
            try:
                saved = read_json(self._log.folder / file)
                if not isinstance(saved, dict) or saved.get("run_id") != self._log.run_id:
                    raise ValueError("it is missing, damaged or of another run")
                restore(saved, epoch)
            except ValueError as error:
                warn(f"{file} can't be used: {error}. It begins anew with the next epoch.")

    def _restore_network(self, saved: dict, epoch: int) -> None:
        judged = present_fields(saved)
        self._judged = {key: judged.get(key) if is_number(judged.get(key)) else None for key in _JUDGED}
        self._networks.restore(saved, read_bytes(self._log.folder / schema.NETWORK_EPOCHS), epoch)

    def save_epoch(self, epoch: int, validation: Evaluation | None) -> None:
        """After an epoch. The few test samples are for the eye; nothing is measured or chosen by them.

        Probabilities are those at the temperature of this epoch's validation images.
        """
        self._judged = dict.fromkeys(_JUDGED)
        if validation is not None:
            self._judged = self.judge(validation)
            self._predictions.add_epoch(epoch, validation, self._judged["temperature"])
        self._log.save_json(schema.PREDICTIONS, self._predictions.as_json())
        self._weights.add_epoch(epoch, self._learner.eval_model)
        self._log.save_json(schema.LAYER_WEIGHTS, self._weights.as_json())
        self._save_network(epoch)
        self._save_samples(epoch, self._judged["temperature"], final=False)

    def save_end(self, epoch: int, test: Evaluation, temperature: float | None, ood_threshold: float | None) -> None:
        """After the test. The last two are those of `judge`."""
        self._predictions.set_test(test, temperature)
        self._log.save_json(schema.PREDICTIONS, self._predictions.as_json())
        self._save_samples(epoch, temperature, final=True)
        self._save_weights(epoch, test_accuracy=test.accuracy, temperature=temperature, ood_threshold=ood_threshold)

    def judge(self, validation: Evaluation) -> dict[str, float | None]:
        """`temperature` and `ood_threshold`, fitted on the validation images (calibration.py, ood.py)."""
        labels = self._dataset.validation.labels.cpu()
        return {
            "temperature": calibration.fit_temperature(validation.probabilities, labels),
            "ood_threshold": ood.fit_threshold(validation.energies),
        }

    def save_snapshot(self, epoch: int) -> None:
        """The weights as they are now, with what the last validation told of those before."""
        self._save_weights(epoch, **self._judged)

    def _save_weights(self, epoch: int, **judged: float | None) -> None:
        facts = {"run_id": self._log.run_id, "epoch": epoch, "step": self._learner.steps, "dataset": self._dataset.name}
        self._log.save(
            schema.WEIGHTS, weights_file.weights_file(self._learner.eval_model, self._config, **facts, **judged)
        )

    def _save_network(self, epoch: int) -> None:
        """For the page. The numbers come first: whoever finds their sums different in network.json looks again."""
        self._networks.add_epoch(epoch, self._learner.eval_model, **self._judged)
        self._log.save(schema.NETWORK_NUMBERS, self._networks.current)
        self._log.save(schema.NETWORK_EPOCHS, self._networks.history)
        self._log.save_json(schema.NETWORK, self._networks.as_json(self._judged))

    def _save_samples(self, epoch: int, temperature: float | None, final: bool) -> None:
        if not len(self._chosen):
            return
        samples = self._dataset.test[self._chosen]
        read = self._learner.evaluate(samples)
        told = predictions.samples_json(self._chosen, samples, read, temperature, epoch, final)
        self._log.save_json(schema.TEST_SAMPLES, told)
