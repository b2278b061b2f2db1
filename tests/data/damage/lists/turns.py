"""One of a layout's lists, and how damages take turns among several."""

from collections.abc import Callable
from dataclasses import dataclass

from damage.tree.copies import listed_as
from damage.tree.layouts import Layout, Shown
from damage.tree.variant import Outcome, Variant

OF_EVERY_LIST = {"missing list", "duplicate id", "label gap", "wrong count", "swapped"}
"""Kinds of damage that each of several lists of a kind is tried with; others take turns."""


def in_turn(of_lists: list[list[Variant]], every: bool) -> list[Variant]:
    """The variants of several lists: each fault of one of them in turn, or with `every` of all."""

    def fault(variant: Variant) -> str:
        return variant.name.replace(variant.place, "")

    faults = list(dict.fromkeys(fault(variant) for made in of_lists for variant in made))
    return [
        variant
        for place, made in enumerate(of_lists)
        for variant in made
        if every
        or variant.kind in OF_EVERY_LIST
        or faults.index(fault(variant)) % len(of_lists) == place
    ]


@dataclass(frozen=True)
class TextList:
    """A list, the image that one of its lines names, and how that line is put together."""

    layout: Layout
    name: str
    image: Shown
    line: int

    @classmethod
    def of(cls, layout: Layout, name: str) -> "TextList":
        if layout.name == "cub200":
            return cls(layout, name, layout.images[4], 4)
        named = [image for image in layout.images if image.listed == name]
        return cls(layout, name, named[2], 2)

    def written(self, image: Shown, number: int | str | None = None) -> str:
        number = self.line + 1 if number is None else number
        if self.name == "images.txt":
            return f"{number} {listed_as(image)}"
        if self.name == "image_class_labels.txt":
            return f"{number} {image.label}"
        return f"{listed_as(image)} {image.label}"

    def variant(
        self,
        name: str,
        kind: str,
        change: Callable[[list[str]], list[str]],
        outcome: Outcome,
        partial: Outcome | None = None,
    ) -> Variant:
        return Variant(
            f"{name} in {self.name}",
            kind,
            lambda tree: tree.edit(self.name, change),
            outcome,
            partial,
            place=self.name,
        )

    def with_line(
        self, name: str, kind: str, line: str, outcome: Outcome, partial: Outcome | None = None
    ) -> Variant:
        """The list with another line in place of its image's."""

        def change(lines: list[str]) -> list[str]:
            return [*lines[: self.line], line, *lines[self.line + 1 :]]

        return self.variant(name, kind, change, outcome, partial)
