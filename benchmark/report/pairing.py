"""Which runs may be subtracted from each other."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from benchmark.errors import UserError
from benchmark.report.numbers import listed
from benchmark.suite.store.runs import StoredRun

# Digests that two runs must share to differ in the arm alone: the digest's name and its words.
_SHARED = {
    "initial_weights": "initial weights",
    "batches": "batches",
    "data_listing": "lists of images",
    "data_images": "images",
    "evaluated": "evaluated pixels",
}

# Entries of the environment that they must share too, and their words. Results of Pillow and cuDNN
# change between releases, and torch promises equal ones neither across releases nor devices.
_SAME = {
    "device_name": "device models",
    "torch": "versions of torch",
    "cudnn": "versions of cuDNN",
    "pillow": "versions of Pillow",
}


@dataclass(frozen=True)
class Pairs:
    """Arm and baseline runs by seed, and the seeds that could not be paired with the reason."""

    runs: dict[int, tuple[StoredRun, StoredRun]]
    broken: dict[int, str]

    def differences(self, metric: str) -> dict[int, float]:
        """Arm minus baseline in `metric` by seed, where both have a value."""
        return {
            seed: difference
            for seed, (arm, baseline) in self.runs.items()
            if not math.isnan(
                difference := arm.metrics.get(metric, math.nan)
                - baseline.metrics.get(metric, math.nan)
            )
        }

    @property
    def notes(self) -> list[str]:
        """Each reason once, with its seeds."""
        reasons: dict[str, list[int]] = {}
        for seed, reason in self.broken.items():
            reasons.setdefault(reason, []).append(seed)
        return [
            f"not paired: {reason} (seed{'s' * (len(seeds) > 1)} {listed(seeds)})"
            for reason, seeds in reasons.items()
        ]


def by_seed(runs: Iterable[StoredRun]) -> dict[int, StoredRun]:
    """Runs of one arm by seed, in the order of the seeds.

    Raises UserError where a seed was run twice with one configuration.
    """
    found: dict[int, StoredRun] = {}
    for run in sorted(runs, key=lambda run: run.config.seed):
        seed = run.config.seed
        if seed in found:
            raise UserError(
                f"{found[seed].folder} and {run.folder} hold the same configuration. "
                "Remove one of the two folders."
            )
        found[seed] = run
    return found


def _broken(arm: StoredRun, baseline: StoredRun | None) -> str | None:
    """Why the two aren't a pair, or None."""
    if baseline is None or baseline.state != "finished":
        return "no finished baseline"
    for name, words in _SHARED.items():
        if name not in arm.digests or name not in baseline.digests:
            return f"{words} not recorded"
        if arm.digests[name] != baseline.digests[name]:
            return f"{words} differ"
    own, other = _circumstances(arm), _circumstances(baseline)
    for words, value in own.items():
        if value != other[words]:
            return f"{words} differ ({value}; baseline {other[words]})"
    return None


def _circumstances(run: StoredRun) -> dict[str, str]:
    """What moves results besides the arm, by its words, as text."""
    known = run.environment.model_dump()
    found = {words: str(known.get(name, "unknown")) for name, words in _SAME.items()}
    changes = " with changes" if known.get("dirty") else ""
    return {**found, "commits": f"{str(known.get('commit'))[:10]}{changes}"}


def pair(arm: Mapping[int, StoredRun], baseline: Mapping[int, StoredRun]) -> Pairs:
    """Pair an arm's finished runs with the baseline's, both given by seed.

    Two runs are a pair if both finished, the digests of their initial weights, of their batches,
    of their data and of what was evaluated agree, and so do device model, libraries and commit.
    """
    pairs = Pairs({}, {})
    for seed, run in arm.items():
        if run.state != "finished":
            continue
        other = baseline.get(seed)
        reason = _broken(run, other)
        if reason is not None:
            pairs.broken[seed] = reason
        elif other is not None:
            pairs.runs[seed] = (run, other)
    return pairs
