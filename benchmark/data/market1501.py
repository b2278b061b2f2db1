"""Data set `market1501`: 751 identities to train on and 750 to test on, by six cameras."""

from pathlib import Path

from benchmark.data.halves import Halves
from benchmark.data.listing import identities
from benchmark.data.release import Keep, Release
from benchmark.registry import DATASETS


@DATASETS.register_module(name="market1501")
class Market1501(Release):
    """Persons by the names of their files: junk (-1) left out, distractors (0000) kept."""

    title = "Market-1501"
    folders = (
        "Market-1501-v15.09.15",
        "market1501/Market-1501-v15.09.15",
        "Market-1501",
        "Market1501",
        "market1501",
    )
    how_to_get = (
        "Get Market-1501-v15.09.15.zip from the page 'Market-1501 Dataset' of Liang Zheng's "
        "project 'Person Re-identification' and unpack it into the data root. Use is for "
        "research only; don't pass it on."
    )

    def read(self, folder: Path, keep: Keep) -> tuple[Halves, str]:
        """The images of bounding_box_train, query and bounding_box_test, which no list names."""
        return market_halves(folder), "junk left out, distractors kept"


def market_halves(folder: Path) -> Halves:
    """The halves of a folder laid out as Market-1501. Raises UserError where it can't be read."""
    parts = (identities(folder, p) for p in ("bounding_box_train", "query", "bounding_box_test"))
    train, query, gallery = parts
    return Halves.of_identities(train, query, gallery, where=folder)
