"""Trackers, which show training while it goes on: TensorBoard, Weights & Biases and MLflow.

mmengine's own backends for the last two lose steps that arrive late, and refuse names with an @.
"""

import os
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

from benchmark.errors import UserError

PROJECT = "dam-benchmark"
"""What runs go by at a tracker that holds several projects."""
ADDRESS = "MLFLOW_TRACKING_URI"


class Tracker(Protocol):
    """What takes numbers while a run is made."""

    def add(self, name: str, value: float, step: int) -> None:
        """Note a number; steps are counted from 1, and needn't come in order."""

    def close(self) -> None:
        """End the run there."""


class TensorBoard:
    """Event files in `folder`."""

    def __init__(self, folder: Path) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._writer = SummaryWriter(str(folder))

    def add(self, name: str, value: float, step: int) -> None:
        """Write an event."""
        self._writer.add_scalar(name, value, step)

    def close(self) -> None:
        """Write what is left."""
        self._writer.close()


class Wandb:
    """A run of Weights & Biases, whose own variables (WANDB_MODE, WANDB_PROJECT, ...) hold."""

    def __init__(self, folder: Path) -> None:
        import wandb

        folder.mkdir(parents=True, exist_ok=True)
        try:
            self._run = wandb.init(
                project=os.environ.get("WANDB_PROJECT", PROJECT),
                name=folder.name,
                id=folder.name.rpartition("-")[2],
                resume="allow",
                dir=str(folder),
                settings=wandb.Settings(silent=True, console="off"),
            )
        except wandb.Error as error:
            raise UserError(
                f"--track wandb: {error} Log in with 'wandb login', or set WANDB_MODE=offline."
            ) from error
        # By its own count of steps, a loss that arrives after later rates would be dropped.
        self._run.define_metric("*", step_metric="step")

    def add(self, name: str, value: float, step: int) -> None:
        """Log a number with its step."""
        self._run.log({name: value, "step": step})

    def close(self) -> None:
        """Send what is left."""
        self._run.finish()


class MLflow:
    """A run at the server or database that MLFLOW_TRACKING_URI names; @ is written _at_ there."""

    def __init__(self, folder: Path) -> None:
        from mlflow.exceptions import MlflowException
        from mlflow.tracking import MlflowClient

        self._client = MlflowClient()
        try:
            experiment = self._experiment()
            found = self._client.search_runs([experiment], f"run_name = '{folder.name}'")
            run = found[0] if found else self._client.create_run(experiment, run_name=folder.name)
        except MlflowException as error:
            raise UserError(f"--track mlflow, {ADDRESS}={os.environ[ADDRESS]}: {error}") from error
        self._id = run.info.run_id

    def _experiment(self) -> str:
        from mlflow.exceptions import MlflowException

        found = self._client.get_experiment_by_name(PROJECT)
        if found is None:
            try:
                return str(self._client.create_experiment(PROJECT))
            except MlflowException:  # another run has just made it
                found = self._client.get_experiment_by_name(PROJECT)
                if found is None:
                    raise
        return str(found.experiment_id)

    def add(self, name: str, value: float, step: int) -> None:
        """Log a number with its step."""
        self._client.log_metric(self._id, name.replace("@", "_at_"), value, step=step)

    def close(self) -> None:
        """Mark the run as finished."""
        self._client.set_terminated(self._id)


TRACKERS: dict[str, Callable[[Path], Tracker]] = {
    "tensorboard": TensorBoard,
    "wandb": Wandb,
    "mlflow": MLflow,
}
"""By the names of their packages."""


def check_tracker(tracker: str) -> None:
    """Raise UserError where the tracker's package, or the server's address, is missing."""
    if find_spec(tracker) is None:
        raise UserError(
            f"--track {tracker} needs the package {tracker}, which isn't installed here. "
            f"Install it with: pip install '.[suite,{tracker}]'"
        )
    if tracker == "mlflow" and not os.environ.get(ADDRESS):
        raise UserError(
            f"--track mlflow needs the environment variable {ADDRESS}: the address of a tracking "
            "server, such as http://localhost:5000, or of a database."
        )
