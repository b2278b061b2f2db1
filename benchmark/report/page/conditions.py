"""What the runs were made under, on the page."""

from benchmark.report.numbers import ABSENT
from benchmark.report.page.blocks import Block, Facts, TableBlock
from benchmark.report.settings import entry_text, value_text
from benchmark.report.table import Comparison, Group
from benchmark.report.tables.columns import words
from benchmark.report.tables.sheet import Line, Sheet

# Configuration entries that the facts of a comparison hold, or a line of their own; all others
# follow by name.
_SHOWN = {
    *("dataset", "recipe", "objective", "objective_name", "device", "threads"),
    *("backbone", "pooling", "neck", "dim", "sampler", "memory", "epochs", "optimiser"),
    "schedule",
}


def condition_blocks(group: Group) -> list[Block]:
    """What the runs were made under: first what all comparisons share, then what they do not."""
    columns = [_condition(comparison) for comparison in group.comparisons]
    shared = {
        name: text
        for name, text in columns[0].items()
        if all(column[name] == text for column in columns)
    }
    own = [name for name in columns[0] if name not in shared]
    if not own:
        return [Facts(shared)]
    lines = [
        Line("", [comparison.label, *(column[name] for name in own)])
        for comparison, column in zip(group.comparisons, columns, strict=True)
    ]
    headings = [words("Comparison"), *map(words, own)]
    sheet = Sheet(f"{group.label}-conditions", f"Conditions on {group.label}", headings, lines)
    return [Facts(shared), TableBlock(sheet)]


def _condition(comparison: Comparison) -> dict[str, str]:
    """One comparison's conditions; all values where its runs differ."""
    facts = comparison.facts()
    merged = _merged([row.conditions() for row in comparison.rows])
    runs = [run for row in comparison.rows for run in row.runs.values()]
    others = {
        name.replace("_", " ").capitalize(): value_text(value).strip("()")
        for name, value in comparison.shared.items()
        if name not in _SHOWN
    }
    return {
        "Objective": entry_text(comparison.shared["objective"]),
        "Recipe": str(comparison.config.recipe),
        **{name.capitalize(): text for name, text in facts.items()},
        **others,
        "Device": merged["device"],
        "Device name": merged["device name"],
        "Threads": merged["threads"],
        "torch": merged["torch"],
        "Python": merged["python"],
        "Commit": merged["commit"],
        "Time of all runs": _duration(sum(run.timing.get("total_s", 0.0) for run in runs)),
    }


def _merged(conditions: list[dict[str, str]]) -> dict[str, str]:
    """The conditions of several rows, each value once."""
    return {
        name: " / ".join(
            dict.fromkeys(
                part for one in conditions for part in one[name].split(" / ") if one[name] != ABSENT
            )
        )
        or ABSENT
        for name in conditions[0]
    }


def _duration(seconds: float) -> str:
    """Hours and minutes, or minutes and seconds."""
    whole = round(seconds)
    if whole >= 3600:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 60} min {whole % 60:02d} s"
