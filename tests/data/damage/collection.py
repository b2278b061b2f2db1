"""All variants of a layout, and pairs of damages in one tree."""

from dataclasses import replace
from functools import cache

import numpy as np
from damage.contents import amounts, identities
from damage.lists import annotations, text_lists
from damage.pictures import broken, whole
from damage.places import classes, entries, folders, names, strays
from damage.tree.copies import Tree
from damage.tree.layouts import LAYOUTS, Layout
from damage.tree.variant import Loads, Variant

SOURCES = (
    whole,
    broken,
    entries,
    names,
    folders,
    classes,
    strays,
    annotations,
    text_lists,
    amounts,
    identities,
)
PAIRS = 20
PAIRED = {
    "list format",
    "damaged list",
    "non-image",
    "truncated image",
    "stray file",
    "CMYK image",
    "16-bit image",
}
"""Kinds of damage that another one in the same tree may hide or upset."""


def _harmless(layout: Layout, variant: Variant) -> bool:
    """Whether the tree loads as if nothing had been done."""
    outcome = variant.outcome
    return (
        isinstance(outcome, Loads) and outcome.images == layout.images and variant.partial is None
    )


def _paired(layout: Layout, single: list[Variant]) -> list[Variant]:
    """Pairs drawn by a fixed seed: one harmless damage, and another one, whose outcome stays."""
    random = np.random.default_rng(sorted(LAYOUTS).index(layout.name))
    of_images = {image.path for image in layout.images}
    firsts = [
        v for v in single if _harmless(layout, v) and v.place in of_images and v.kind != "link"
    ]
    seconds = [v for v in single if v.kind in PAIRED]
    made: dict[str, Variant] = {}
    while len(made) < PAIRS:
        first = firsts[random.integers(len(firsts))]
        second = seconds[random.integers(len(seconds))]
        if first.place != second.place:
            both = _both(first, second)
            made[both.name] = both
    return list(made.values())


def _both(first: Variant, second: Variant) -> Variant:
    def damage(tree: Tree) -> None:
        second.damage(tree)
        first.damage(tree)

    outcome = second.outcome
    if isinstance(outcome, Loads) and isinstance(first.outcome, Loads):
        shown = {**first.outcome.pictures, **outcome.pictures}
        outcome = replace(outcome, pictures=shown)
    name = f"{second.name}, and {first.name}"
    return replace(second, name=name, kind="combination", damage=damage, outcome=outcome)


@cache
def variants(name: str) -> tuple[Variant, ...]:
    """Every variant of the layout `name`."""
    layout = LAYOUTS[name]
    single = [variant for source in SOURCES for variant in source.variants(layout)]
    return (*single, *_paired(layout, single))


@cache
def kinds(name: str) -> tuple[str, ...]:
    """The kinds of damage of the layout `name`, in order of first appearance."""
    return tuple(dict.fromkeys(variant.kind for variant in variants(name)))
