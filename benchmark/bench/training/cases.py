"""What `bench training` measures, each case with its targets."""

from dataclasses import dataclass, field
from pathlib import Path

from benchmark.data.root import use_root
from benchmark.errors import UserError
from benchmark.run_config import RunConfig
from benchmark.suite.plan import plan

ENOUGH = ["epochs=1000", "schedule.frozen=0", "schedule.milestones=[]"]
"""Epochs that don't end before everything is timed."""
MANY = 45
"""Rounds where steps take so few milliseconds that a ratio scatters widely."""


@dataclass(frozen=True)
class Case:
    """Runs of a suite, changed, of which some objectives are timed with DAM and without."""

    name: str
    suite: str
    objectives: tuple[str, ...]
    target: float | None
    """The least share of the limit, where one is set."""
    device: str = "cpu"
    dataset: str | None = None
    """The real data set that it needs."""
    changes: list[str] = field(default_factory=list)
    steps: int = 24
    """In each turn; so many that batches which are made together fall into every one alike."""
    rounds: int = 15
    """Of such turns."""
    overhead: float | None = None
    """The most that DAM's step may take more than its baseline's, as a share."""


CASES = (
    Case(
        "ResNet-50, 224 px, batch 120, bf16",
        "paper",
        ("proxy_anchor",),
        0.95,
        "cuda",
        "cub200",
        ["backbone.type=resnet50", "precision=bf16", "sampler.classes=30", "sampler.samples=4"],
        overhead=0.02,
    ),
    Case(
        "ResNet-50, 256 x 128, batch 64",
        "paper",
        ("triplet",),
        0.95,
        "cuda",
        "market1501",
        ["backbone.type=resnet50", "sampler.classes=16", "sampler.samples=4"],
        overhead=0.02,
    ),
    Case(
        "EfficientNet-Lite0, 128 px, batch 64",
        "paper",
        ("proxy_anchor",),
        0.95,
        "cpu",
        "cub200",
        [
            *("backbone.type=efficientnet_lite0", "transform.size=128", "transform.resize=146"),
            *("sampler.classes=16", "sampler.samples=4"),
        ],
        steps=3,
        overhead=0.05,
    ),
    Case("typefaces network, batch 100", "smoke", ("norm_softmax", "proxy_anchor"), 0.90),
    Case(
        "typefaces network, batch 15", "smoke", ("multi_similarity", "triplet"), 0.90, rounds=MANY
    ),
    Case(
        "head on frozen features, batch 100",
        "frozen",
        ("norm_softmax", "multi_similarity"),
        0.85,
        dataset="cub200",
        rounds=MANY,
    ),
    Case(
        "last stages of EfficientNet-Lite0 on maps, 128 px, batch 64",
        "tail",
        ("norm_softmax", "multi_similarity"),
        None,
        dataset="cub200",
        changes=["backbone.network.type=efficientnet_lite0"],
        steps=3,
    ),
)


def configurations(case: Case, data_root: Path | None) -> dict[str, dict[str, RunConfig]]:
    """The runs of a case, by objective and arm. Raises UserError where one can't be made here."""
    use_root(data_root)
    runs = plan(
        case.suite,
        overrides=[*(ENOUGH if case.dataset else ["epochs=1000"]), *case.changes],
        seeds=[0],
        device=case.device,
        allow_partial=True,
        only=None if case.dataset is None else [case.dataset],
    )
    found: dict[str, dict[str, RunConfig]] = {}
    for run in runs:
        config = run.config
        if config.objective_name in case.objectives and config.arm in ("baseline", "dam"):
            found.setdefault(config.objective_name, {})[config.arm] = config
    if not found:
        raise UserError(f"suite {case.suite} has none of {', '.join(case.objectives)}")
    return found
