"""What the page says of searches."""

from benchmark.report.metrics import metric_name
from benchmark.report.numbers import plural
from benchmark.report.search.trials import Searched
from benchmark.report.settings import value_text
from benchmark.report.table import arm_order

READING = (
    "The settings of each arm were searched alike: the same number of trials, at the same points, "
    "on class-disjoint folds of the training classes. The test half has no part in it. An arm with "
    "more settings to choose had no more trials, which is an advantage of the others. Differences "
    "between trials are those of few folds and one seed: they choose, and prove nothing."
)
CAPTION = (
    "Above: the mean over the folds against the value of each setting, one marker a trial; filled: "
    "the trial that won. Below: an arm's trial less the baseline's at the same point. A setting "
    "that only some arms have varies together with the others, so its column shows no more than a "
    "trend; the dotted line there is the baseline's winner."
)


def search_sentences(searched: Searched) -> list[str]:
    """What won in each arm, and how the search was made."""
    name = metric_name(searched.metric)
    number = max(len(own) for own in searched.trials.values())
    sentences = [
        f"{plural(number, 'trial')} of each arm on {plural(searched.folds, 'fold')}, chosen by "
        f"the mean {name} over the folds; seed {searched.seed}."
    ]
    for arm in sorted(searched.trials, key=arm_order):
        best = searched.best(arm)
        if best is None:
            sentences.append(f"{arm}: no trial was measured on all folds.")
            continue
        values = ", ".join(f"{key} = {value_text(one)}" for key, one in best.values.items())
        sentences.append(f"{arm}: {100 * best.mean:.1f} with {values or 'nothing to choose'}.")
    return sentences
