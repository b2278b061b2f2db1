"""The page's own sentences."""

from benchmark.report.reading import INTERVAL

DIFFERENCES = (
    "Δ has its 95 % paired t-interval. p is that of the exact sign-flip permutation test, which "
    "can't be below 2 / 2ⁿ with n pairs (0.25 with 3, 0.062 with 5); Holm's adjustment bounds the "
    "chance of any false finding in the whole table. Detectable is the smallest difference, in "
    "points, that a t-test at 5 % finds in 4 of 5 experiments with this number of pairs and this "
    "spread; the last columns give the number of seeds that a difference of 0.5 or 0.7 points "
    "would need."
)
CLASSES = (
    "The first interval is over seeds: it says what other seeds would give on these test classes. "
    "The second is over seeds and test classes together: it says what other classes of the kind "
    "would give, as far as the test classes are a sample of them."
)
PRECISION = (
    "Seeds were added by a rule that looks at the widths of the intervals alone, never at the sign "
    "of a difference. An interval whose number of pairs was chosen so holds the true difference "
    "somewhat less often than 95 in 100 times: 92 to 95 for normal differences."
)
PARTS = (
    "DAM's kept elements have smaller margins, so its loss is a harder one, and that alone moves "
    "results. The arm “shrunk” has the same mean hardness and singles out no element: shrunk minus "
    "baseline is what the hardness does, DAM minus shrunk what the selection of elements does. The "
    "two add up to DAM minus baseline at each seed."
)
FAMILIES = (
    "The mean over all objectives of a family and all data sets. Runs of one seed share weights "
    "and batches, so the interval is over seeds, not over runs. The chance of improvement is the "
    "share of pairs in which the arm is better, ties counted as half, with a 95 % interval from "
    "resampling whole seeds; it is too narrow with few seeds."
)
COST = (
    "Seconds of an epoch of training, mean ± sample standard deviation over seeds, and how much "
    "longer the arm takes than its baseline at the same seed, with the 95 % interval of the mean "
    "ratio. Runs that share a machine slow each other down. Peak memory is that of torch's tensors "
    "on a GPU, and of the whole process on a CPU, libraries included."
)
CUES = (
    "The classes of this data set are drawn, and it is known in which visible cues they differ. "
    "The accuracy of a cue is measured on triplets: a query, another image of its class, and one "
    "of a class that differs in this cue alone. Captured are cues with an accuracy of 60 % or "
    "more; decodability is that of a linear probe on unseen classes, 0 by chance and 100 at best."
)
PUBLISHED = (
    "Ours are means over seeds after the last epoch, with the 95 % t-interval of the mean. "
    "Published values come from other code, and many are the best epoch on the test images; a "
    "difference to one of them is not evidence for or against DAM."
)
READING = (
    f"{INTERVAL}. It assumes roughly normal differences, is wide with few seeds, and is not "
    "adjusted for the number of rows: among many rows a few intervals miss zero by chance.",
    "Where all differences of a row are equal, its interval has width zero: that is a matter of "
    "few queries or seeds, and no certainty.",
    "Seeds change the initial weights, the batches and the augmentations. The data and their split "
    "stay the same, so the interval says nothing about other data.",
    "A pair is two runs whose initial weights, batches, data and evaluated pixels have equal "
    "digests, and which ran on the same device model, libraries and commit. Where they differ, or "
    "a run of the pair is missing, the seed is left out of the difference and the row says so.",
    "All values are those of the final epoch. No epoch, seed or setting was chosen by this report "
    "on the images that the values are measured on.",
    "Ties are resolved against the model: at equal similarity an image of another class ranks "
    "before one of the query's class.",
    "A click on a heading sorts a table's rows within each group. Every table lies in tables/ as "
    "CSV, Markdown and LaTeX (booktabs), every figure in figures/ as PNG, SVG and PDF.",
)
