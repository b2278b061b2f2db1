"""Parts of the releases that have names of their own."""

from dataclasses import dataclass

Counts = dict[str, int]
"""Numbers by what they count: "train classes", "test images"."""


@dataclass(frozen=True)
class KnownPart:
    """A part of a release, recognised by its counts; `description` says which part it is."""

    name: str
    description: str
    counts: Counts


PARTS: dict[str, list[KnownPart]] = {
    "CUB-200-2011": [
        KnownPart(
            "CUB-50",
            "classes 1 to 50 of CUB-200-2011, trained on classes 1 to 25 and tested on 26 to 50",
            {"train classes": 25, "train images": 1402, "test classes": 25, "test images": 1487},
        )
    ],
    "Cars196": [
        KnownPart(
            "Cars196-train",
            "the official training images of Cars196, of all its classes",
            {"train classes": 98, "train images": 4052, "test classes": 98, "test images": 4092},
        )
    ],
    "Market-1501": [
        KnownPart(
            "Market-train-split",
            "the training identities of Market-1501, split in two to train on and to test on",
            {
                "train identities": 376,
                "train images": 7006,
                "test identities": 375,
                "query images": 1661,
                "gallery images": 4269,
                "cameras": 6,
            },
        )
    ],
}


def known_part(title: str, counts: Counts) -> KnownPart | None:
    """The known part of the release `title` with exactly these counts, if there is one."""
    return next((part for part in PARTS.get(title, []) if part.counts == counts), None)
