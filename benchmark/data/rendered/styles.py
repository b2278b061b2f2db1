"""The 200 styles of the rendered data sets: the manifest `typefaces.csv`, and their font files.

A row is one class: an upright style of a family that comes as a package `fontpkg-<family>`,
pinned by the commit of Google Fonts that the package was made from. `axes` holds the coordinates
of a variable font's named instance, in the order of the font's own axes.

How the styles were chosen. A family is under the Open Font License, has the subset `latin` and
all 62 characters, and its lower case differs from its capitals. Of a superfamily there is one
family, so that no two share the first word of their names, and there are no two families with the
same Latin letters. A family gives Light, Medium and ExtraBold if it has all three, else Regular and
Bold, else Regular alone. Left out are families in which more than three characters of a style reach
over the frame, and those whose images are too close to another family's.

How the halves were made. Families of one category and number of styles go to train and test in
turn, in alphabetical order. So the halves share no family and have the same mixture.
"""

import csv
import importlib.resources
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources.abc import Traversable
from pathlib import Path

from PIL import ImageFont

from benchmark.data.dataset import Status
from benchmark.errors import UserError

MANIFEST = Path(__file__).with_name("typefaces.csv")


@dataclass(frozen=True)
class Style:
    """One class: an upright style of a Latin family."""

    label: int
    split: str
    category: str
    family: str
    style: str
    weight: int
    file: str
    axes: tuple[float, ...]
    version: str
    commit: str

    @property
    def requirement(self) -> str:
        """The package that brings the font, as pip is told."""
        return f"fontpkg-{self.family}=={self.version}"


@cache
def styles() -> tuple[Style, ...]:
    """The manifest, in the order of the labels: 0 to 99 train, 100 to 199 test."""
    with MANIFEST.open(encoding="utf-8", newline="") as file:
        return tuple(
            Style(
                label=int(row["label"]),
                split=row["split"],
                category=row["category"],
                family=row["family"],
                style=row["style"],
                weight=int(row["weight"]),
                file=row["file"],
                axes=tuple(float(axis.split("=")[1]) for axis in row["axes"].split()),
                version=row["version"],
                commit=row["commit"],
            )
            for row in csv.DictReader(file)
        )


def package_root(family: str) -> Traversable | None:
    """Where the files of an installed family lie; None if its package is missing."""
    try:
        return importlib.resources.files("fontpkg_" + family.replace("-", "_"))
    except ModuleNotFoundError:
        return None


def installed_commit(family: str) -> str | None:
    """The commit of Google Fonts that the installed package was made from, if there is one."""
    root = package_root(family)
    if root is None:
        return None
    metadata = json.loads((root / "metadata.json").read_text(encoding="utf-8"))
    return str(metadata["source"]["commit"])


def unavailable(wanted: Iterable[Style]) -> dict[str, Style]:
    """Families whose package is missing or from another commit, each with one of its styles."""
    families = {style.family: style for style in wanted}
    return {
        family: style
        for family, style in sorted(families.items())
        if installed_commit(family) != style.commit
    }


def pip_command(missing: dict[str, Style]) -> str:
    """The command that installs the packages in `missing`; empty if none is."""
    if not missing:
        return ""
    return "pip install " + " ".join(style.requirement for style in missing.values())


def status(counts: dict[str, int]) -> Status:
    """Whether the fonts of all styles are installed, for a data set with these `counts`."""
    missing = unavailable(styles())
    return Status(not missing, counts, pip_command(missing))


def require(wanted: Iterable[Style]) -> None:
    """Raise UserError, naming package and command, unless every style's font is installed."""
    missing = unavailable(wanted)
    if not missing:
        return
    family, style = next(iter(missing.items()))
    commit = installed_commit(family)
    fault = "is not installed" if commit is None else f"is of commit {commit}, not {style.commit}"
    others = f" ({len(missing) - 1} more are missing or of another commit)" * (len(missing) > 1)
    raise UserError(
        f"The font package fontpkg-{family} {fault}{others}. Install what the rendered data sets "
        f"are made from: {pip_command(missing)}"
    )


def open_font(style: Style, size: float) -> ImageFont.FreeTypeFont:
    """The style's font at `size` pixels an em, without layout features or kerning."""
    root = package_root(style.family)
    if root is None:
        raise UserError(
            f"The font package fontpkg-{style.family} is not installed. "
            f"Install it: pip install {style.requirement}"
        )
    font = ImageFont.truetype(str(root / style.file), size, layout_engine=ImageFont.Layout.BASIC)
    if style.axes:
        font.set_variation_by_axes(list(style.axes))
    return font
