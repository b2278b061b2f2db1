"""Which figures a report has, and their files."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from matplotlib.figure import Figure

from benchmark.analysis.elements import WELL_TRAINED
from benchmark.errors import UserError
from benchmark.printable import printable
from benchmark.report.ablation.axes import find_axes, without_axes
from benchmark.report.cues.figures import cue_epochs_figure, cues_figure
from benchmark.report.cues.set_figure import cue_set_figure
from benchmark.report.epochs.figure import epochs_figure
from benchmark.report.figures.axis import axis_figure
from benchmark.report.figures.curves import training_figure
from benchmark.report.figures.forest import differences_figure, values_figure
from benchmark.report.figures.leak import leak_figure
from benchmark.report.figures.lettering import lettering
from benchmark.report.figures.parts import parts_figure
from benchmark.report.figures.published import published_figure
from benchmark.report.figures.recall import recall_figure
from benchmark.report.figures.style import Look, looks, save, style
from benchmark.report.file_names import unique
from benchmark.report.kept.course_figure import course_figure
from benchmark.report.kept.figure import kept_figure
from benchmark.report.kept.quality_figure import quality_figure
from benchmark.report.kept.removal_figure import removal_figure
from benchmark.report.metrics import metric_name
from benchmark.report.queries.class_figure import classes_figure
from benchmark.report.queries.pictures import queries_figure
from benchmark.report.search.figure import search_figure
from benchmark.report.search.texts import CAPTION as SEARCH
from benchmark.report.search.trials import Searched
from benchmark.report.table import Group, Table

_DIFFERENCES = (
    "Arm minus baseline at the same seed, in percentage points. Filled marker: mean over the "
    "pairs; bar: its 95 % paired t-interval (none with a single pair); open markers below: the "
    "single seeds. Right of zero, the arm is better."
)
_VALUES = (
    "After the last epoch, in per cent. Filled marker: mean over the seeds; open markers: the "
    "single seeds; dotted line: the untrained network."
)
_TRAINING = (
    "Mean loss of each epoch; bold: mean over the seeds; thin: the single seeds. Arms minimise "
    "different functions, so the levels of two arms can't be compared, only each curve's course."
)
_RECALL = (
    "The share of queries with a match among the K nearest: mean over the seeds, in a band of one "
    "sample standard deviation to either side."
)
_PARTS = (
    "Bars: mean of shrunk minus baseline (hardness) and of DAM minus shrunk (selection), in "
    "percentage points; diamond: their sum, DAM minus baseline, with its 95 % paired t-interval."
)
_PUBLISHED = (
    "Ours: mean over the seeds after the last epoch, with the 95 % t-interval of the mean. "
    "Published values come from other code and conditions, which the table names; open diamonds "
    "could not be confirmed at their source."
)
_CUE_SET = (
    "Drawn by code, not photographs. Beside the name of a cue stands its saliency: the mean "
    "squared change of the pixels when this cue alone changes."
)
_CUES = (
    "How often of two images that differ in one cue alone the one without the difference is found "
    "nearer; 50 % is chance. Mean over the seeds, in a band of one sample standard deviation to "
    "either side. Major cues stand left of the dotted line, subtle ones right of it."
)
_CUE_EPOCHS = (
    "Mean cue accuracy of the more salient and of the less salient half of the cues after each "
    "epoch, over the seeds, in a band of one sample standard deviation; 50 % is chance."
)
_EPOCHS = (
    "After each epoch that was evaluated: mean over the seeds, in a band of one sample standard "
    "deviation to either side."
)
_CLASSES = (
    "Arm minus baseline of each test class, mean over the pairs, each arm in its own order of "
    "classes. The arms that erase without regard to classes show what seeds alone do to a class."
)
_KEPT = (
    "The share of pairs that kept each element in the last epoch, each run's elements in their own "
    "order: mean over the seeds, in a band of one sample standard deviation. Of a baseline it is "
    "what DAM would have kept. Pairs are of classes for a proxy objective, else of samples."
)
_QUALITY = (
    "The share of elements whose variance between test classes is at least so many times that "
    "expected by chance (F of the analysis of variance): mean over the seeds, in a band of one "
    "sample standard deviation."
)
_QUALITY_EPOCHS = (
    "After each epoch that was evaluated: the number of elements whose variance between test "
    f"classes is at least {WELL_TRAINED:g} times that expected by chance, and the effective "
    "dimension of the test features. Mean over the seeds, in a band of one sample standard "
    "deviation to either side."
)
_REMOVAL = (
    "Recall@1 on a sample of the test images by what is left when the best elements are removed, "
    "those with the largest Fisher ratio there: mean over the seeds, in a band of one sample "
    "standard deviation. The slower a curve falls, the more elements tell classes apart."
)
_QUERIES = (
    "Images made by code, not photographs. Below each query stands in how many runs the baseline "
    "found an image of its class first, and in how many DAM did. Shown are those that changed in "
    "most pairs, of many classes."
)
_EFFECT = (
    "The effect of each arm against the setting, which the baseline has too. Line: mean of arm "
    "minus baseline over the pairs, in percentage points; band: its 95 % paired t-interval, cut "
    "where it leaves the panel."
)
_LEAK = "Filled marker: mean over the seeds; open markers: the single seeds."


@dataclass(frozen=True)
class Drawing:
    """A figure as files, and what its caption says. `title` is the axis's name for kind "axis"."""

    kind: str
    group: str
    title: str
    caption: str
    files: tuple[Path, ...]

    @property
    def png(self) -> Path:
        """The figure in pixels, for notebooks."""
        return self._file(".png")

    @property
    def svg(self) -> Path:
        """The figure in lines, for the page."""
        return self._file(".svg")

    def _file(self, suffix: str) -> Path:
        return next(path for path in self.files if path.suffix == suffix)


@dataclass(frozen=True)
class Gallery:
    """All figures of a report, and the `remarks` that a reader needs.

    A figure that couldn't be drawn becomes a remark, and doesn't stop other figures or tables.
    """

    drawings: list[Drawing] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    @property
    def files(self) -> tuple[Path, ...]:
        """The files of all figures."""
        return tuple(path for drawing in self.drawings for path in drawing.files)


@dataclass(frozen=True)
class _Plan:
    """A figure that may be drawn."""

    kind: str
    title: str
    caption: str
    draw: Callable[[], Figure | None]


def draw_all(table: Table, folder: Path) -> Gallery:
    """Write every figure that the table has numbers for into `folder`, as PNG, SVG and PDF.

    Raises UserError where a file can't be written.
    """
    arms = looks(table.arms())
    letters = lettering(_names(table))
    gallery = Gallery(remarks=letters.remarks)
    names: set[str] = set()
    stems: set[str] = set()
    planned = [(group.label, _plans(group, arms)) for group in table.groups]
    planned += [(one.label, iter([_search_plan(one, arms)])) for one in table.searches]
    for label, plans in planned:
        name = unique(label, names)
        for plan in plans:
            ending = f"{plan.kind}-{plan.title}" if plan.kind == "axis" else plan.kind
            try:
                with style(letters.families):
                    figure = plan.draw()
                    if figure is None:
                        continue
                    stem = unique(f"{name}-{ending}", stems)
                    files = save(figure, folder / stem)
            except UserError:
                raise
            except Exception as error:
                gallery.remarks.append(
                    f"The figure “{plan.title}” of {label} couldn't be drawn: "
                    f"{type(error).__name__}: {printable(' '.join(str(error).split()))}"
                )
                continue
            gallery.drawings.append(Drawing(plan.kind, label, plan.title, plan.caption, files))
    return gallery


def _names(table: Table) -> Iterator[str]:
    """All names that figures show."""
    for searched in table.searches:
        yield metric_name(searched.metric)
        yield from (*searched.keys, *searched.trials)
    for group in table.groups:
        yield from map(metric_name, group.metrics)
        for comparison in group.comparisons:
            yield comparison.label
        for row in group.rows:
            yield row.label
        for axis in find_axes(group):
            yield axis.name
            for panel in axis.panels:
                yield panel.label
                yield from (point.value for point in panel.points)


def _search_plan(searched: Searched, arms: dict[str, Look]) -> _Plan:
    """The figure of a search."""
    title = "Effect against the settings that were searched"
    return _Plan("search", title, SEARCH, partial(search_figure, searched, arms))


def _plans(group: Group, arms: dict[str, Look]) -> Iterator[_Plan]:
    """The figures of a data set, in the order of the page."""
    main = without_axes(group)
    made = [
        ("differences", "Paired differences to the baseline", _DIFFERENCES, differences_figure),
        ("parts", "Hardness and selection", _PARTS, parts_figure),
        ("published", "Beside published values", _PUBLISHED, published_figure),
        ("recall", "Recall at K", _RECALL, recall_figure),
        ("values", metric_name(group.main_metrics[0]), _VALUES, values_figure),
        ("cue set", "The classes' cues, and what an image adds", _CUE_SET, cue_set_figure),
        ("cues", "Cue accuracy", _CUES, cues_figure),
        ("cue epochs", "Cue accuracy over epochs", _CUE_EPOCHS, cue_epochs_figure),
        ("training", "Training curves", _TRAINING, training_figure),
        ("epochs", "The main metric over epochs", _EPOCHS, epochs_figure),
        ("class changes", "Differences of single classes", _CLASSES, classes_figure),
        ("kept", "Kept elements", _KEPT, kept_figure),
        ("quality", "How well elements tell classes apart", _QUALITY, quality_figure),
        (
            "quality epochs",
            "How well elements tell classes apart over epochs",
            _QUALITY_EPOCHS,
            course_figure,
        ),
        ("removal", "Without the best elements", _REMOVAL, removal_figure),
        ("queries", "Queries that DAM gained and lost", _QUERIES, queries_figure),
    ]
    for kind, title, caption, draw in made:
        yield _Plan(kind, title, caption, partial(draw, main, arms))
    for axis in find_axes(group):
        caption = _EFFECT if axis.numbers else ""
        draw_axis = partial(axis_figure, axis, group.main_metrics, arms)
        yield _Plan("axis", axis.name, caption, draw_axis)
    yield _Plan("leak", "Training loss and retrieval", _LEAK, partial(leak_figure, group, arms))
