"""mmengine's Runner, without what a run here has of its own."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import mmengine.runner
from torch import nn


class Runner(mmengine.runner.Runner):
    """mmengine's Runner on the device that the configuration names."""

    def __init__(
        self, device: str, restore: Callable[["Runner"], None] | None, **options: Any
    ) -> None:
        self.device = device
        self.restore = restore
        super().__init__(**options)

    def load_or_resume(self) -> None:
        """Let `restore` put back a saved state; mmengine would unpickle a file of its own."""
        if self.restore is not None:
            self.restore(self)

    def wrap_model(self, model_wrapper_cfg: Any, model: nn.Module) -> nn.Module:
        """Move the model; mmengine takes a GPU wherever there is one."""
        return model.to(self.device)

    def build_visualizer(self, visualizer: Any = None) -> Any:
        """None where none is asked for; mmengine's own draws a figure for every run."""
        return SimpleNamespace() if visualizer is None else super().build_visualizer(visualizer)

    def dump_config(self) -> None:
        """config.json says it already."""

    def _log_env(self, env_cfg: dict[str, Any]) -> None:
        """environment.json says it already, without asking every compiler for its version."""
