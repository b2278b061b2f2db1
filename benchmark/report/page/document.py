"""The report's sections, in the order in which a reader asks."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from benchmark.report.ablation.axes import axis_of, find_axes, without_axes
from benchmark.report.cues.findings import cue_findings
from benchmark.report.figures.catalogue import Gallery
from benchmark.report.findings import findings
from benchmark.report.numbers import ABSENT, plural
from benchmark.report.page.ablation import axis_blocks, leak_blocks
from benchmark.report.page.blocks import (
    Block,
    Bullets,
    Facts,
    Figure,
    Heading,
    Paragraph,
    Section,
    TableBlock,
)
from benchmark.report.page.conditions import condition_blocks
from benchmark.report.page.explanations import (
    CLASSES,
    COST,
    CUES,
    DIFFERENCES,
    FAMILIES,
    PARTS,
    PRECISION,
    PUBLISHED,
    READING,
)
from benchmark.report.page.rendering import render
from benchmark.report.page.search import search_blocks
from benchmark.report.reading import remarks
from benchmark.report.table import Group, Table
from benchmark.report.tables.catalogue import Sheets
from benchmark.suite.store.stored_files import State

TITLE = "DAM benchmark report"
_STATES: tuple[State, ...] = ("finished", "failed", "interrupted", "going on", "not run")
_ALWAYS = ("finished", "failed", "not run")


def page_text(
    table: Table, sheets: Sheets, gallery: Gallery, collecting: Sequence[str] = ()
) -> str:
    """The whole page; `collecting` are remarks on runs that lay in several folders."""
    return render(TITLE, _lead(table), _sections(table, sheets, gallery, collecting))


def _lead(table: Table) -> str:
    """How many runs there are of what, and on which data."""
    states = [run.state for run in table.runs]
    counts = [f"{states.count(one)} {one}" for one in _STATES if one in (*_ALWAYS, *states)]
    counts += [f"{len(table.damaged)} damaged"] if table.damaged else []
    runs = plural(len(states) + len(table.damaged), "run")
    names = ", ".join(group.label for group in table.groups)
    tried = [run.state for run in table.trials]
    search = ""
    if tried:
        search = f"A search of {plural(len(tried), 'run')}, {tried.count('finished')} finished."
        if not table.groups:
            return search
    return f"{runs} on {names}: {', '.join(counts)}. {search}".strip()


def _sections(
    table: Table, sheets: Sheets, gallery: Gallery, collecting: Sequence[str]
) -> list[Section]:
    def tables(kind: str, before: str = "") -> Callable[[Group], list[Block]]:
        def blocks(group: Group) -> list[Block]:
            sheet = sheets.of(kind, group)
            if sheet is None:
                return []
            return [*([Paragraph(before)] if before else []), TableBlock(sheet)]

        return blocks

    def figures(kind: str) -> Callable[[Group], list[Block]]:
        return lambda group: [
            Figure(one) for one in gallery.drawings if (one.kind, one.group) == (kind, group.label)
        ]

    def section(anchor: str, title: str, *makers: Callable[[Group], Iterable[Block]]) -> Section:
        return Section(anchor, title, list(_by_group(table, makers)))

    families: list[Block] = []
    if sheets.families is not None:
        families = [Paragraph(FAMILIES), TableBlock(sheets.families)]
    sources: list[Block] = []
    if sheets.sources is not None:
        sources = [TableBlock(sheets.sources), *_bullets(list(collecting))]
    return [
        section("found", "What was found", _found),
        Section("sources", "Where the runs come from", sources),
        section("results", "Results", tables("results")),
        section(
            "published",
            "Beside published values",
            tables("published", PUBLISHED),
            figures("published"),
            tables("ledger"),
        ),
        section(
            "differences",
            "Paired differences",
            figures("differences"),
            tables("differences", DIFFERENCES),
            tables("second differences"),
            tables("precision", PRECISION),
            tables("classes", CLASSES),
        ),
        section("parts", "Hardness and selection", figures("parts"), tables("parts", PARTS)),
        Section("families", "Families of objectives", families),
        Section("axes", "One setting at a time", axis_blocks(table, gallery)),
        Section("search", "Search for the settings", search_blocks(table, sheets, gallery)),
        Section("leak", "Mappings that leak the label", leak_blocks(table, sheets, gallery)),
        section("recall", "Recall at K", figures("recall")),
        section(
            "training",
            "Over epochs",
            figures("training"),
            figures("epochs"),
            tables("epochs"),
        ),
        section(
            "changes",
            "Classes and queries",
            figures("class changes"),
            tables("class changes"),
            figures("queries"),
        ),
        section(
            "cues",
            "Which cues are held",
            figures("cues"),
            figures("cue epochs"),
            tables("cues", CUES),
            figures("cue set"),
        ),
        section(
            "kept",
            "Kept elements",
            figures("kept"),
            figures("quality"),
            figures("quality epochs"),
            tables("elements"),
            figures("removal"),
        ),
        section("values", "Absolute values", figures("values")),
        section("metrics", "All metrics", tables("metrics")),
        section("cost", "Cost", tables("cost", COST)),
        section("compared", "What was compared", _compared),
        section("conditions", "Conditions", condition_blocks),
        Section("missing", "What is missing", _missing(table, gallery)),
        Section("reading", "How to read this", [Bullets(READING)]),
    ]


def _by_group(
    table: Table, makers: Iterable[Callable[[Group], Iterable[Block]]]
) -> Iterator[Block]:
    """The blocks of each data set, below its name where there are several."""
    for group in table.groups:
        blocks = [block for make in makers for block in make(group)]
        if blocks and len(table.groups) > 1:
            yield Heading(group.label)
        yield from blocks


def _found(group: Group) -> list[Block]:
    note = [Paragraph(f"Note. {group.note}", "note")] if group.note else []
    sentences = [*findings(group), *cue_findings(group)]
    if not sentences:
        return [*note, Paragraph("There is no arm “dam”, so nothing is said of it.")]
    return [*note, Bullets(sentences)]


def _compared(group: Group) -> list[Block]:
    """The data set, the objectives and the arms."""
    counts = ", ".join(
        plural(value, name.replace("_", " ").removesuffix("es" if "classes" in name else "s"))
        for name, value in group.counts.items()
        if value
    )
    arms: dict[str, list[str]] = {}
    for row in group.rows:
        if axis_of(row) is None:
            arms.setdefault(row.label, []).append(row.short)
    facts: dict[str, str | list[str]] = {
        "Protocol": group.protocol or "not known: no run has loaded the data",
        "Size": counts or ABSENT,
        "Objectives": "; ".join(one.label for one in without_axes(group).comparisons),
        "Arms": [f"{arm}: {' / '.join(dict.fromkeys(used))}" for arm, used in arms.items()],
    }
    axes = dict.fromkeys(axis.name for axis in find_axes(group))
    if axes:
        facts["Axes"] = f"{', '.join(axes)}: one setting at a time, see above"
    return [Facts(facts)]


def _missing(table: Table, gallery: Gallery) -> list[Block]:
    """Failed, missing and damaged runs, broken pairs, and figures that couldn't be drawn."""
    blocks = list(_by_group(table, [lambda group: _bullets(remarks(group))]))
    if table.damaged:
        blocks += [Heading("Damaged runs"), Bullets([one.reason for one in table.damaged])]
    if gallery.remarks:
        blocks += [Heading("Figures"), Bullets(gallery.remarks)]
    return blocks


def _bullets(lines: list[str]) -> list[Block]:
    return [Bullets(lines)] if lines else []
