"""Further trials at points that follow from the earlier ones: the Tree-structured Parzen Estimator.

Bergstra et al., Algorithms for Hyper-Parameter Optimization, NIPS 2011, as Optuna implements it.
"""

from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

from benchmark.errors import UserError
from benchmark.suite.tuning.outcomes import Outcome
from benchmark.suite.tuning.ranges import Range, Values
from benchmark.suite.tuning.tracks import Track

if TYPE_CHECKING:
    import optuna


def check_optuna() -> None:
    """Raise UserError where Optuna isn't installed."""
    if find_spec("optuna") is None:
        raise UserError("--tpe needs Optuna: pip install '.[tune]'")


def proposal(track: Track, outcomes: Sequence[Outcome], seed: int) -> Values:
    """The next point of a track, after the `outcomes` of its trials so far.

    It follows from these and the seed alone, so that a search that goes on proposes what it would
    have proposed. Trials that failed teach nothing.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    distributions = {key: _distribution(track.ranges[key]) for key in track.keys}
    sampler = optuna.samplers.TPESampler(seed=seed + len(outcomes), n_startup_trials=1)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    study.add_trials(
        [
            optuna.trial.create_trial(
                params=outcome.trial.values, distributions=distributions, value=outcome.mean
            )
            for outcome in outcomes
            if outcome.sound
        ]
    )
    params = study.ask(distributions).params
    return {key: track.ranges[key].rounded(params[key]) for key in track.keys}


def _distribution(values: Range) -> "optuna.distributions.BaseDistribution":
    import optuna

    if values.values is not None:
        return optuna.distributions.CategoricalDistribution(values.values)
    assert values.low is not None and values.high is not None
    return optuna.distributions.FloatDistribution(values.low, values.high, log=values.log)
