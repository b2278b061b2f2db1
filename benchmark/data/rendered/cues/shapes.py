"""Signed distances to plane shapes: negative inside, in the unit of the coordinates.

Points come as two float32 arrays u, v of one shape, and so do the distances. Only sums, products,
quotients, square roots, minima and maxima are used: IEEE 754 fixes each of them to the last bit,
so that every machine draws the same shapes.
"""

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
Point = tuple[float, float]
_TINY = np.float32(1e-6)


def circle(u: Array, v: Array, centre: Point, radius: float) -> Array:
    """Distance to a disc."""
    du, dv = u - np.float32(centre[0]), v - np.float32(centre[1])
    return np.sqrt(du * du + dv * dv) - np.float32(radius)


def capsule(u: Array, v: Array, start: Point, end: Point, radius: float) -> Array:
    """Distance to a stroke with round ends, `radius` wide on either side."""
    along_u, along_v = np.float32(end[0] - start[0]), np.float32(end[1] - start[1])
    du, dv = u - np.float32(start[0]), v - np.float32(start[1])
    length = np.maximum(along_u * along_u + along_v * along_v, _TINY)
    place = np.minimum(np.maximum((du * along_u + dv * along_v) / length, 0), 1)
    du, dv = du - place * along_u, dv - place * along_v
    return np.sqrt(du * du + dv * dv) - np.float32(radius)


def ellipse(u: Array, v: Array, centre: Point, across: float, along: float) -> Array:
    """Distance to an ellipse of the half axes `across` (u) and `along` (v), to first order.

    The implicit function |p / r| - 1 over the length of its gradient: exact on the outline.
    """
    a, b = np.float32(across), np.float32(along)
    du, dv = (u - np.float32(centre[0])) / a, (v - np.float32(centre[1])) / b
    level = np.sqrt(du * du + dv * dv)
    du, dv = du / a, dv / b
    return level * (level - 1) / np.maximum(np.sqrt(du * du + dv * dv), _TINY)


def band(v: Array, centre: float, half: float) -> Array:
    """Distance to the strip |v - centre| <= half."""
    return np.abs(v - np.float32(centre)) - np.float32(half)
