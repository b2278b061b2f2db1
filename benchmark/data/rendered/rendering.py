"""Type set by FreeType: the ten digits and 52 Latin letters of one style as small grey images.

A glyph is drawn eight times too large and averaged over 8 x 8 squares in integers, so that
hinting and the rounding of the pen's position move an outline by an eighth of a pixel at most.
FreeType 2.14 hints differently from 2.13: the images are those of Pillow 12, which brings 2.14.
"""

import string
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

CHARACTERS = string.digits + string.ascii_uppercase + string.ascii_lowercase
SIZE = 32
"""Height and width of an image in pixels."""
CAP_HEIGHT = 19
"""How far the capital H reaches above the baseline, in pixels; the design gives the rest."""
BASELINE = 23
"""Distance of the baseline from the upper edge in pixels."""
OVERSAMPLING = 8
"""How many times too large a glyph is drawn, in each direction."""
REFERENCE_EM = 1000
"""Size in pixels at which the cap height of a font is measured."""

Grey = npt.NDArray[np.uint8]


def glyph(font: ImageFont.FreeTypeFont, character: str) -> Grey:
    """One character, white on black [SIZE, SIZE]: its ink centred, on the common baseline."""
    side = SIZE * OVERSAMPLING
    left, _, right, _ = font.getbbox(character, anchor="ls")
    pen = (side - int(left) - int(right)) // 2
    page = Image.new("L", (side, side))
    ImageDraw.Draw(page).text(
        (pen, BASELINE * OVERSAMPLING), character, fill=255, font=font, anchor="ls"
    )
    return np.asarray(page.reduce(OVERSAMPLING))


def alphabet(open_at: Callable[[float], ImageFont.FreeTypeFont]) -> Grey:
    """All `CHARACTERS` of a font [62, SIZE, SIZE], scaled to the common cap height.

    `open_at` opens the font at a size in pixels an em.
    """
    _, top, _, _ = open_at(REFERENCE_EM).getbbox("H", anchor="ls")
    font = open_at(REFERENCE_EM * CAP_HEIGHT * OVERSAMPLING / -top)
    return np.stack([glyph(font, character) for character in CHARACTERS])
