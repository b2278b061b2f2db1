"""What each axis varies, in a sentence, and what its default is."""

from benchmark.report.ablation.axes import Axis

_SENTENCES = {
    "rule": (
        "How elements are chosen: the share with the smallest difference (quantile), those not "
        "above the mean difference (mean), a random share (random), the share with the largest "
        "difference (inverse), or all of them (all), which is the baseline."
    ),
    "keep": "The share of the elements that a comparison keeps.",
    "joint": "The weight of the loss on plain similarities beside the loss on DAM's.",
    "start": "The share of training that passes before DAM begins; until then it is the baseline.",
    "rescale": (
        "Whether a sum over the kept elements is scaled up to all elements by D / |M|, "
        "where |M| of D are kept."
    ),
    "difference": (
        "What stands for a class when two classes are compared element by element: its proxy, or "
        "the mean of its features in the batch."
    ),
    "own": (
        "Whether the own-class similarity passes a gradient where it is part of the similarity to "
        "another class."
    ),
    "mapping": (
        "How kept elements become a similarity: margins over the other class (margin), the same "
        "of masked cosines (margin_cosine), or one of the naive mappings, which leak the label."
    ),
    "select": "Which pairs are mapped; the others keep their plain similarity.",
    "similarity": (
        "Whether a pair is compared by its distance in the kept elements or by its cosine there."
    ),
    "dim": "The number of elements of the embedding.",
    "scale": (
        "By how much the objective multiplies similarities. DAM's loss is a harder one, which acts "
        "like a smaller scale, so its effect at a single scale says little; “shrunk” is as hard as "
        "DAM and singles out no element."
    ),
    "alpha": "How steeply the objective weighs positive pairs.",
    "beta": "How steeply the objective weighs negative pairs.",
    "margin": "The margin of the objective.",
    "normalise": "Whether the objective sees features (and proxies) of unit length.",
}
READING = (
    "One setting is varied at a time, all else as in the default. Each point is arm minus baseline "
    "at the same seed, in percentage points: filled, the mean over the pairs; bar, its 95 % paired "
    "t-interval (none with a single pair; cut where it leaves the panel); open, the single seeds. "
    "Above zero the arm is better. The default stands on a grey band."
)


def axis_sentences(axes: list[Axis]) -> str:
    """What is varied on one axis, found on one data set or several, and the defaults."""
    name = axes[0].name
    text = _SENTENCES.get(name, f"The setting {name}.")
    if any(axis.shared for axis in axes):
        text += " The baseline changes with it: each value has a baseline of its own."
    defaults: dict[str, list[str]] = {}
    for panel in (panel for axis in axes for panel in axis.panels):
        if panel.default is not None:
            defaults.setdefault(panel.default, []).append(panel.label)
    if len(defaults) == 1:
        text += f" Default: {next(iter(defaults))}."
    elif defaults:
        parts = [f"{value} ({', '.join(dict.fromkeys(of))})" for value, of in defaults.items()]
        text += f" Default: {'; '.join(parts)}."
    return text
