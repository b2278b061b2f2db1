"""What the official releases hold, and what parts of them are known by a name of their own."""

from dataclasses import dataclass

from benchmark.errors import UserError

Counts = dict[str, int]

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

PARTS: dict[str, dict[str, Counts]] = {
    "CUB-200-2011": {
        "CUB-50": {
            "train classes": 25,
            "train images": 1402,
            "test classes": 25,
            "test images": 1487,
        }
    },
    "Cars196": {
        "Cars196-train": {
            "train classes": 98,
            "train images": 4052,
            "test classes": 98,
            "test images": 4092,
        }
    },
    "Market-1501": {
        "Market-train-split": {
            "train identities": 376,
            "train images": 7006,
            "test identities": 375,
            "query images": 1661,
            "gallery images": 4269,
            "cameras": 6,
        }
    },
}
"""Classes 1 to 50 of CUB; Cars196's official training images; Market-1501's, split by identity."""


@dataclass(frozen=True)
class Comparison:
    """What is `found` of the data set `title`, beside what its `official` release holds."""

    title: str
    found: Counts
    official: Counts

    @property
    def complete(self) -> bool:
        """Whether every count is the official one."""
        return self.found == self.official

    @property
    def excessive(self) -> bool:
        """Whether there is more of something than the release holds, so that it is no part."""
        if "train classes" not in self.official:
            return any(self.found[what] > n for what, n in self.official.items())
        # A part's halves are of its own classes: the release's other half may lend to one of them.
        kinds = ("classes", "images")
        return any(_total(self.found, kind) > _total(self.official, kind) for kind in kinds)

    @property
    def differences(self) -> str:
        """The counts that differ, such as "25 of 100 train classes"."""
        return ", ".join(
            f"{self.found[what]:,} of {n:,} {what}"
            for what, n in self.official.items()
            if self.found[what] != n
        )

    @property
    def name(self) -> str:
        """What results on it go by: a part never bears the name of the whole."""
        if self.complete:
            return self.title
        for name, counts in PARTS.get(self.title, {}).items():
            if self.found == counts:
                return name
        kind = "classes" if "train classes" in self.official else "identities"
        here, whole = _total(self.found, kind), _total(self.official, kind)
        if here == whole:
            kind = "images"
            here, whole = _total(self.found, kind), _total(self.official, kind)
        return f"{self.title} (partial: {here:,} of {whole:,} {kind})"

    def require(self, allow_partial: bool, where: str) -> None:
        """Raise UserError unless what is there is complete, or a part where that is allowed."""
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
