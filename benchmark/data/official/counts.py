"""What the official releases hold, and what is found beside it."""

from dataclasses import dataclass

from benchmark.data.official.parts import Counts, known_part
from benchmark.errors import UserError

OFFICIAL: dict[str, Counts] = {
    # Wah et al., The Caltech-UCSD Birds-200-2011 Dataset, 2011: 11,788 images of 200 classes. The
    # halves, 5,864 and 5,924 images, are as papers on metric learning state them.
    "CUB-200-2011": {
        "train classes": 100,
        "train images": 5864,
        "test classes": 100,
        "test images": 5924,
    },
    # Krause et al., 3D Object Representations for Fine-Grained Categorization, 2013: 16,185 images
    # of 196 classes. The halves, 8,054 and 8,131 images, are as papers on metric learning state
    # them.
    "Cars196": {
        "train classes": 98,
        "train images": 8054,
        "test classes": 98,
        "test images": 8131,
    },
    # Zheng et al., Scalable Person Re-identification: A Benchmark, ICCV 2015. The archive's
    # readme.txt states 12,936, 3,368 and 19,732 images; the last are 15,913 without junk.
    "Market-1501": {
        "train identities": 751,
        "train images": 12936,
        "test identities": 750,
        "query images": 3368,
        "gallery images": 15913,
        "cameras": 6,
    },
    # Wei et al., Person Transfer GAN to Bridge Domain Gap for Person Re-Identification, CVPR 2018:
    # 126,441 images of 4,101 identities by 15 cameras.
    "MSMT17": {
        "train identities": 1041,
        "train images": 32621,
        "test identities": 3060,
        "query images": 11659,
        "gallery images": 82161,
        "cameras": 15,
    },
}
MARKET_JUNK_IMAGES = 19732 - 15913
"""How many of bounding_box_test's images have the identity -1."""
MSMT17_VALIDATION_IMAGES = 2373
"""How many of MSMT17's training images are in list_val.txt."""


@dataclass(frozen=True)
class CountComparison:
    """The counts `found` of the data set `title`, beside those of its `official` release.

    `lent` is how many of the classes tested here are training classes of the release, as far as
    class numbers tell.
    """

    title: str
    found: Counts
    official: Counts
    lent: int = 0

    @property
    def kind(self) -> str:
        """What the halves are made of."""
        return "classes" if "train classes" in self.official else "identities"

    @property
    def complete(self) -> bool:
        """Whether every count is the official one."""
        return self.found == self.official

    @property
    def excessive(self) -> bool:
        """Whether any count is above the release's, so that this can't be a part of it."""
        if self.kind == "identities":
            return any(self.found[what] > n for what, n in self.official.items())
        # A part is split anew: one of its halves may have classes of the release's other half.
        kinds = ("classes", "images")
        return any(_total(self.found, kind) > _total(self.official, kind) for kind in kinds)

    @property
    def halves_correspond(self) -> bool:
        """Whether both halves have all their classes, and so compare with the official ones."""
        halves = (f"train {self.kind}", f"test {self.kind}")
        return not self.lent and all(self.found[half] == self.official[half] for half in halves)

    @property
    def rows(self) -> list[tuple[str, int, int | None]]:
        """Each count by its name, and the official one that it compares with, if any.

        A part's halves don't compare with the release's halves; its totals do.
        """
        if self.halves_correspond or self.excessive:
            return [(what, self.found[what], n) for what, n in self.official.items()]
        rows: list[tuple[str, int, int | None]] = [
            (what, n, self.official[what] if what == "cameras" else None)
            for what, n in self.found.items()
        ]
        return rows + [
            (kind, _total(self.found, kind), _total(self.official, kind))
            for kind in (self.kind, "images")
        ]

    @property
    def differences(self) -> str:
        """The counts that differ, such as "50 of 200 classes"."""
        return ", ".join(
            f"{n:,} of {of:,} {what}" for what, n, of in self.rows if of not in (None, n)
        )

    @property
    def description(self) -> str:
        """What a part is, in a sentence; empty for a whole release."""
        if self.complete:
            return ""
        part = known_part(self.title, self.found)
        what = f"a part of {self.title}" if part is None else part.description
        halves = ""
        if self.lent:
            halves = (
                f"; {self.lent} of the {self.found[f'test {self.kind}']} {self.kind} tested are "
                f"training {self.kind} of the release"
            )
        return f"{what[0].upper()}{what[1:]}: {self.differences}{halves}."

    @property
    def name(self) -> str:
        """The name in results: a part never has the name of the whole release."""
        if self.complete:
            return self.title
        part = known_part(self.title, self.found)
        if part is not None:
            return part.name
        own, whole = _total(self.found, self.kind), _total(self.official, self.kind)
        kind = self.kind
        if own == whole:
            kind = "images"
            own, whole = _total(self.found, kind), _total(self.official, kind)
        return f"{self.title} (partial: {own:,} of {whole:,} {kind})"

    def require(self, allow_partial: bool, where: str) -> None:
        """Raise UserError unless the data set is complete, or a part and `allow_partial` is set."""
        if self.complete:
            return
        fault = f"{where} differs from the official {self.title}: {self.differences}."
        if self.excessive:
            raise UserError(f"{fault} It holds too much to be a part. Unpack the release again.")
        if not allow_partial:
            raise UserError(
                f"{fault} Complete it, or take it as the part it is with --allow-partial "
                "(dataset.allow_partial=true); results are then named partial."
            )


def _total(counts: Counts, kind: str) -> int:
    return sum(n for what, n in counts.items() if what.endswith(kind))
