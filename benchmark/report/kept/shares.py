"""How often each element is kept, over the class pairs of a run's proxies."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor
from torch.nn import functional as F

from benchmark.analysis.selection import class_pairs, kept_elements
from benchmark.dam.selection import Rule
from benchmark.entries import Entry, JointObjective, JointSimilarity
from benchmark.report.table import Comparison
from benchmark.run_config import RunConfig
from benchmark.suite.arms import DAM
from benchmark.suite.store.runs import StoredRun

PAIRS = 5000
"""Class pairs at most, drawn once for a number of classes; all of them where they are fewer."""
PROXIES = ("loss.proxies", "loss.proxy.proxies")
"""A loss's proxies in weights.safetensors, alone and in a joint objective."""

Shares = npt.NDArray[np.float64]


@dataclass(frozen=True)
class KeptShares:
    """The share of class pairs that keep each element [pairs of runs, elements], in no order.

    Both by the rule of the arm `dam`: of its own proxies, and of its baseline's, which were trained
    without it.
    """

    dam: Shares
    baseline: Shares

    def arms(self) -> Iterator[tuple[str, Shares]]:
        """Both by the arm's name."""
        yield "baseline", self.baseline
        yield DAM, self.dam


def kept_shares(comparison: Comparison) -> KeptShares | None:
    """The shares of the paired runs of the arm `dam`; None where proxies have no kept sets."""
    row = next((one for one in comparison.rows if one.arm == DAM and one.pairs), None)
    rule = None if row is None else _rule(next(iter(row.runs.values())).config)
    if row is None or row.pairs is None or rule is None:
        return None
    found = [
        (own, other)
        for arm, baseline in row.pairs.runs.values()
        if (own := _share(arm, *rule)) is not None
        and (other := _share(baseline, *rule)) is not None
    ]
    if not found:
        return None
    return KeptShares(*(np.stack(those) for those in zip(*found, strict=True)))


def _rule(config: RunConfig) -> tuple[Rule, float, bool] | None:
    """The rule, the share that is kept, and whether proxies are normalised."""
    similarity, objective = config.similarity, config.objective
    if isinstance(similarity, JointSimilarity) and isinstance(objective, JointObjective):
        similarity, objective = similarity.proxy, objective.proxy
    if not isinstance(similarity, Entry) or not isinstance(objective, Entry):
        return None
    options = similarity.options
    if options.get("rule") in (None, "all", "soft") or "keep" not in options:
        return None
    return options["rule"], options["keep"], bool(objective.options.get("normalise", True))


def _share(run: StoredRun, rule: Rule, keep: float, normalise: bool) -> Shares | None:
    """The shares by the proxies that a run left; None without those."""
    path = run.folder / "weights.safetensors"
    try:
        # The file may be made again by a later report's time.
        return _share_in(path, path.stat().st_mtime_ns, rule, keep, normalise, run.config.seed)
    except (OSError, SafetensorError):
        return None


@lru_cache(maxsize=256)
def _share_in(
    path: Path, changed: int, rule: Rule, keep: float, normalise: bool, seed: int
) -> Shares | None:
    with safe_open(path, framework="pt") as file:
        name = next((one for one in PROXIES if one in file.keys()), None)  # noqa: SIM118
        if name is None:
            return None
        proxies: Tensor = file.get_tensor(name)
    proxies = F.normalize(proxies) if normalise else proxies
    kept = kept_elements(proxies, _pairs(len(proxies)), rule, keep, seed=seed)
    shares: Shares = kept.double().mean(dim=0).numpy()
    return shares


@lru_cache(maxsize=8)
def _pairs(classes: int) -> Tensor:
    pairs = class_pairs(classes)
    if len(pairs) <= PAIRS:
        return pairs
    return pairs[torch.randperm(len(pairs), generator=torch.Generator().manual_seed(0))[:PAIRS]]
