"""Training that starts from the stored weights of another run."""

import hashlib
from pathlib import Path

from safetensors.torch import load_file
from torch import Tensor, nn

from benchmark.errors import UserError
from benchmark.models.backbones.staged import StagedBackbone
from benchmark.models.digests import digest
from benchmark.paths import expanded, is_file, is_folder
from benchmark.run_config import Initial

WEIGHTS = "weights.safetensors"


def with_digest(initial: Initial, where: str) -> Initial:
    """The entry with the path of the file itself and its digest. Raises UserError without one."""
    path = expanded(initial.path)
    if is_folder(path):
        path = path / WEIGHTS
    if not is_file(path):
        raise UserError(
            f"{where}: init: there is no file {path}. Give the folder of a finished run, its "
            f"{WEIGHTS}, or with 'run' the id of a run in --out."
        )
    return initial.model_copy(update={"path": str(path), "sha256": _sha256(path)})


def load_initial(initial: Initial, model: nn.Module, *, loss: bool) -> None:
    """Load the weights of the network, and with `loss` the parameters of the loss, into `model`.

    The model's `rivals` and the loss's counters and memories are left as they are. Raises
    UserError if the file has changed since the run was planned, lacks a weight, or has one of
    another shape, and where the stages that a tail rests on would change, as its maps wouldn't.
    """
    path = Path(initial.path)
    if _sha256(path) != initial.sha256:
        raise UserError(f"init: {path} isn't what it was when the run was planned; plan it again.")
    try:
        stored = load_file(path)
    except Exception as error:  # damage raises errors of many kinds
        raise UserError(f"init: {path} holds no weights ({error}).") from error
    learned = {name for name, _ in model.named_parameters()}
    wanted = {
        name: value
        for name, value in model.state_dict().items()
        if not name.startswith(("loss.", "rivals."))
        or (loss and name.startswith("loss.") and name in learned)
    }
    faults = [name for name, value in wanted.items() if not _fits(stored.get(name), value)]
    if faults:
        raise UserError(
            f"init: {path} has no {', '.join(faults[:3])} of the shape that this run's model has. "
            "Take weights of a run with the same backbone, dim and neck"
            + (", and for init.loss=true the same objective and classes." if loss else ".")
        )
    resting = _resting(model)
    model.load_state_dict({name: stored[name] for name in wanted}, strict=False)
    if _resting(model) != resting:
        raise UserError(
            f"init: {path} has other weights in the stages that rest in this run, whose maps are "
            "made by the network's own. Take weights of a run of the same tail."
        )


def _resting(model: nn.Module) -> str | None:
    """The digest of the stages that rest."""
    backbone = getattr(model, "backbone", None)
    return digest(backbone.resting()) if isinstance(backbone, StagedBackbone) else None


def _fits(stored: Tensor | None, wanted: Tensor) -> bool:
    return stored is not None and stored.shape == wanted.shape


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
