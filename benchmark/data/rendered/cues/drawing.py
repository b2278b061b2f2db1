"""The beetle as an image: drawn three times too large from signed distances, then averaged.

A sample belongs to one material; a pixel is the mean of the colours of its 3 x 3 samples, taken in
integers. Before that, coordinates are float32 or float64 numbers made by operations that IEEE 754
fixes to the last bit, so that an image comes out the same everywhere.
"""

from collections.abc import Sequence
from enum import IntEnum, auto

import numpy as np
import numpy.typing as npt

from benchmark.data.rendered.cues.anatomy import CUES, STRIPES, Level
from benchmark.data.rendered.cues.nuisance import Nuisance
from benchmark.data.rendered.cues.shapes import Array, band, capsule, circle, ellipse

Images = npt.NDArray[np.uint8]
Samples = npt.NDArray[np.uint8]

OVERSAMPLING = 3
"""Samples of a pixel in each direction."""
AT_ONCE = 8
"""Images that are drawn together: as many as a core's cache holds."""
UNIT = 0.66
"""Length of the body's unit in half images."""
LEGS = (
    ((0.40, 0.55), (0.78, 0.78), (0.30, 0.52)),
    ((0.50, 0.05), (0.95, 0.08), (0.42, -0.30)),
    ((0.45, -0.45), (0.82, -0.62), (0.25, -0.60)),
)
"""Hip, knee, and direction of the foot of each leg."""
GROOVES = 0.45
"""Distance between two grooves of the shell; they are half as wide."""


class Material(IntEnum):
    """What a sample shows."""

    GROUND = 0
    BLADE = auto()
    LEG = auto()
    HEAD = auto()
    EYE = auto()
    NECK = auto()
    MARK = auto()
    SHELL = auto()
    ALONG = auto()
    ACROSS = auto()
    GRID = auto()
    STRIPE = auto()
    SPOT = auto()
    RIM = auto()
    SEAM = auto()


COLOURS = {
    Material.LEG: (52, 40, 34),
    Material.HEAD: (74, 55, 46),
    Material.EYE: (236, 226, 192),
    Material.NECK: (92, 68, 56),
    Material.MARK: (252, 214, 92),
    Material.SPOT: (32, 26, 28),
    Material.RIM: (240, 228, 176),
    Material.SEAM: (40, 31, 29),
}
"""Red, green and blue of what has the same colour in every class."""
STRIPE_SHADE = 90
"""How light a dark band is, in 255ths of the shell's colour."""


def draw(levels: Sequence[Level], nuisance: Nuisance) -> Images:
    """Images of one class [n, 3, size, size] in red, green and blue, one for each nuisance.

    `levels` holds the numbers of all ten cues in the order of `CUES`.
    """
    parts = range(0, len(nuisance), AT_ONCE)
    return np.concatenate([_draw(levels, nuisance[i : i + AT_ONCE]) for i in parts])


def _draw(levels: Sequence[Level], nuisance: Nuisance) -> Images:
    size = nuisance.noise.shape[-1]
    side = size * OVERSAMPLING
    fields = {name: numbers[:, None, None] for name, numbers in nuisance.fields.items()}
    axis = ((2 * np.arange(side, dtype=np.float32) + 1) / side - 1).astype(np.float32)
    x, y = axis[None, None, :], -axis[None, :, None]
    samples = np.zeros((len(nuisance), side, side), dtype=np.uint8)

    u, v = _body(fields, x, y)
    _paint_beetle(samples.reshape(-1), np.abs(u).ravel(), v.ravel(), levels)
    samples[_blade(fields, x, y) <= 0] = Material.BLADE
    return _developed(samples, fields, nuisance.noise, levels)


def _body(fields: dict[str, Array], x: Array, y: Array) -> tuple[Array, Array]:
    """Coordinates of samples in the body's frame, from those in the image from -1 to 1.

    A turn by the angle t has the cosine (1 - q²) / (1 + q²) and the sine 2q / (1 + q²) with
    q = tan(t / 2): 10 degrees at most.
    """
    half = fields["turn"] * np.float32(0.09)
    cosine, sine = (1 - half * half) / (1 + half * half), 2 * half / (1 + half * half)
    unit = np.float32(UNIT) * (1 + np.float32(0.06) * fields["zoom"])
    wide = unit * (1 + np.float32(0.05) * fields["slant"])
    x = x - np.float32(0.08) * fields["across"]
    y = y - np.float32(0.08) * fields["down"]
    u = (cosine / wide) * x + (sine / wide) * y
    v = (cosine / unit) * y - (sine / unit) * x + np.float32(0.22)
    return u, v


def _paint_beetle(samples: Samples, u: Array, v: Array, levels: Sequence[Level]) -> None:
    """Put materials on flat samples at (u, v), from the undermost part to the uppermost."""
    level = {cue.name: numbers for cue, numbers in zip(CUES, levels, strict=True)}

    def part(where: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.intp], Array, Array]:
        places = np.flatnonzero(where)
        return places, u[places], v[places]

    (length,) = level["legs"]
    for hip, knee, (du, dv) in LEGS:
        foot = knee[0] + length * du, knee[1] + length * dv
        ends = hip[1], knee[1], foot[1]
        near = (u > hip[0] - 0.1) & (v > min(ends) - 0.1) & (v < max(ends) + 0.1)
        places, across, along = part(near)
        thigh = capsule(across, along, hip, knee, 0.065)
        shin = capsule(across, along, knee, foot, 0.05)
        samples[places[np.minimum(thigh, shin) <= 0]] = Material.LEG

    places, across, along = part((v > 0.4) & (u < 0.8))
    bend, tip = (0.30, 1.42), (level["antennae"][0], level["antennae"][1])
    for start, end in (((0.10, 1.15), bend), (bend, tip)):
        samples[places[capsule(across, along, start, end, 0.045) <= 0]] = Material.LEG
    broad, long = level["head"]
    samples[places[ellipse(across, along, (0.0, 0.98), broad, long) <= 0]] = Material.HEAD
    (radius,) = level["eyes"]
    samples[places[circle(across, along, (0.2, 1.1), radius) <= 0]] = Material.EYE
    samples[places[ellipse(across, along, (0.0, 0.70), 0.46, 0.27) <= 0]] = Material.NECK

    places, across, along = part((v < 0.7) & (u < 0.7))
    depth = ellipse(across, along, (0.0, -0.22), 0.62, 0.84)
    inside = depth <= 0
    shell = _shell(across[inside], along[inside], depth[inside], level)
    samples[places[inside]] = shell

    mark = level["mark"][0], level["mark"][1]
    places, across, along = part(u < 0.5)
    samples[places[circle(across, along, mark, 0.085) <= 0]] = Material.MARK


def _shell(u: Array, v: Array, depth: Array, level: dict[str, Level]) -> Samples:
    """Materials of samples on the shell, whose distance to its edge is -`depth`."""
    shell = np.full(u.shape, Material.SHELL, dtype=np.uint8)
    ribs, rings = u / np.float32(GROOVES), v / np.float32(GROOVES)
    along, across = ribs - np.floor(ribs) < 0.5, rings - np.floor(rings) < 0.5
    shell[along] = Material.ALONG
    shell[across] = Material.ACROSS
    shell[along & across] = Material.GRID
    for place, half in zip(STRIPES, level["stripes"], strict=True):
        if half > 0:
            shell[band(v + np.float32(0.25) * u * u, place, half) <= 0] = Material.STRIPE
    upper_u, upper_v, lower_u, lower_v = level["spots"]
    for centre in ((upper_u, upper_v), (lower_u, lower_v)):
        shell[circle(u, v, centre, 0.12) <= 0] = Material.SPOT
    (rim,) = level["rim"]
    if rim > 0:
        shell[depth >= -np.float32(rim)] = Material.RIM
    shell[u <= np.float32(0.025)] = Material.SEAM
    return shell


def _blade(fields: dict[str, Array], x: Array, y: Array) -> Array:
    """Distance to the blade of grass that lies across the image."""
    nx, ny = fields["blade_x"], fields["blade_y"]
    length = np.maximum(np.sqrt(nx * nx + ny * ny), np.float32(1e-3))
    place = np.float32(0.55) + np.float32(0.35) * fields["blade_place"]
    half = np.float32(0.045) + np.float32(0.025) * fields["blade_width"]
    return np.abs((nx / length) * x + (ny / length) * y - place) - half


def _developed(
    samples: Samples,
    fields: dict[str, Array],
    noise: npt.NDArray[np.int16],
    levels: Sequence[Level],
) -> Images:
    """Samples [n, side, side] to images: colours, light and noise, in integers."""
    size, whole = noise.shape[-1], OVERSAMPLING * OVERSAMPLING
    ground = _pooled(samples == Material.GROUND)
    blade = _pooled(samples == Material.BLADE)
    axis = ((2 * np.arange(size, dtype=np.float32) + 1) / size - 1).astype(np.float32)
    x, y = axis[None, None, :], axis[None, :, None]
    slope = fields["light_x"] * x + fields["light_y"] * y
    light = (256 * (1 + np.float32(0.15) * (fields["light"] + slope))).astype(np.int32)
    patch = _patch(fields, x, y)
    shades = _shades(levels)
    images = np.empty((len(samples), 3, size, size), dtype=np.uint8)
    for channel in range(3):
        table = np.zeros(len(Material), dtype=np.int16)
        for material, colour in COLOURS.items():
            table[material] = colour[channel]
        for material, shade in shades.items():
            table[material] = int(levels[0][channel]) * shade // 255
        behind = _ground(fields, channel) + patch * (4, 5, 3)[channel] // 4
        sums = _pooled(table[samples]) + ground * behind + blade * _grass(fields, channel)
        values = sums * light // (256 * whole) + noise[:, channel] * np.int32(9) // 256
        images[:, channel] = np.clip(values, 0, 255)
    return images


def _shades(levels: Sequence[Level]) -> dict[Material, int]:
    """How light the parts of the shell are, in 255ths of its colour."""
    along, across = map(int, levels[-1])
    return {
        Material.SHELL: 255,
        Material.ALONG: 255 - along,
        Material.ACROSS: 255 - across,
        Material.GRID: 255 - along - across,
        Material.STRIPE: STRIPE_SHADE,
    }


def _pooled(samples: npt.NDArray[np.generic]) -> npt.NDArray[np.int32]:
    """Sums of the samples of each pixel [n, size, size]."""
    rows = sum(samples[:, i::OVERSAMPLING].astype(np.int32) for i in range(OVERSAMPLING))
    assert isinstance(rows, np.ndarray)
    sums = sum(rows[:, :, i::OVERSAMPLING] for i in range(OVERSAMPLING))
    assert isinstance(sums, np.ndarray)
    return sums


def _patch(fields: dict[str, Array], x: Array, y: Array) -> npt.NDArray[np.int32]:
    """A soft lighter or darker patch of the ground, in levels."""
    dx = x - np.float32(0.9) * fields["patch_x"]
    dy = y - np.float32(0.9) * fields["patch_y"]
    soft = np.maximum(1 - (dx * dx + dy * dy) / np.float32(0.7), 0)
    return (soft * (40 * fields["patch"])).astype(np.int32)


def _ground(fields: dict[str, Array], channel: int) -> npt.NDArray[np.int32]:
    """The colour of the ground, [n, 1, 1] in one channel."""
    own = (10 * fields["warmth"], 0 * fields["warmth"], 22 * fields["tint"])[channel]
    return ((186, 196, 160)[channel] + 28 * fields["ground"] + own).astype(np.int32)


def _grass(fields: dict[str, Array], channel: int) -> npt.NDArray[np.int32]:
    """The colour of the blade of grass, [n, 1, 1] in one channel."""
    shift = 25 * fields["blade_light"] if channel < 2 else 20 * fields["blade_tint"]
    return ((110, 150, 70)[channel] + shift).astype(np.int32)
