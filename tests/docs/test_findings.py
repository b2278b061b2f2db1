"""What the README says was found is what the committed table of the default suite says."""

import csv

from pages import ROOT, read, table

NAMES = {
    "Multi-Similarity": "multi_similarity",
    "normalised softmax": "norm_softmax",
    "Proxy-Anchor": "proxy_anchor",
    "batch-hard triplets": "triplet",
}
METRIC = "recall@1"


def points(text: str) -> str:
    return (
        f"{100 * float(text):+.1f}".replace("-", "−").replace("+0.0", "0.0").replace("−0.0", "0.0")
    )


def test_the_readmes_table_is_the_stored_one() -> None:
    with (ROOT / "results" / "smoke" / "table.csv").open(encoding="utf-8") as file:
        stored = {(row["objective"], row["arm"]): row for row in csv.DictReader(file)}

    def shown(objective: str, arm: str) -> str:
        row = stored[objective, arm]
        difference, low, high = (
            points(row[f"{METRIC} difference {end}(fraction)"]) for end in ("", "low95 ", "high95 ")
        )
        return f"{difference} [{low}, {high}]"

    rows = table(ROOT / "README.md", "objective")
    assert {row[0] for row in rows} == set(NAMES)
    assert {objective for objective, _ in stored} == set(NAMES.values())
    for name, *cells in rows:
        for cell, arm in zip(cells, ("dam", "shrunk", "random"), strict=True):
            row = stored[NAMES[name], arm]
            assert cell.strip("*") == shown(NAMES[name], arm)
            # Bold where zero lies outside the interval, and only there.
            ends = [
                float(row[f"{METRIC} difference {end}95 (fraction)"]) for end in ("low", "high")
            ]
            assert cell.startswith("**") == (ends[0] > 0 or ends[1] < 0)


def test_it_says_what_the_data_are() -> None:
    assert "**not photographs**" in read(ROOT / "README.md")
