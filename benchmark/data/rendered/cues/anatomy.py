"""The ten cues of the beetle: what each one's values look like.

A cue's value picks a row of numbers, its level, from which the beetle is drawn; two levels differ
in this cue alone. Lengths are in units of the body: the shell is 1.24 wide and 1.68 long, its
centre is (0, -0.22), and v grows towards the head. Both halves of the beetle mirror each other, so
that places are given on the side u >= 0.
"""

from dataclasses import dataclass

from benchmark.data.rendered.cues.palette import COLOURS, shell_colour

Level = tuple[float, ...]


@dataclass(frozen=True)
class Cue:
    """Something visible that sets classes apart, with the numbers that draw each of its values."""

    name: str
    meaning: str
    levels: tuple[Level, ...]

    def level(self, value: int, strength: float) -> Level:
        """The numbers of `value`; `strength` multiplies their difference to the mean level.

        At strength 1 they are the level itself, at 0 all values look the same.
        """
        if strength == 1:
            return self.levels[value]
        centres = [sum(column) / len(self.levels) for column in zip(*self.levels, strict=True)]
        own = zip(centres, self.levels[value], strict=True)
        return tuple(centre + strength * (number - centre) for centre, number in own)


CUES = (
    Cue(
        "shell_colour",
        "colour of the shell, one of 100",
        tuple(tuple(map(float, shell_colour(number))) for number in range(COLOURS)),
    ),
    Cue(
        "rim",
        "width of the pale rim of the shell",
        ((0.0,), (0.04,), (0.08,), (0.12,)),
    ),
    Cue(
        "spots",
        "places of the four spots on the shell",
        # Centres of the upper and the lower spot of one half.
        (
            (0.22, 0.26, 0.32, -0.55),
            (0.38, 0.05, 0.17, -0.74),
            (0.18, -0.10, 0.42, -0.34),
            (0.34, 0.20, 0.20, -0.40),
        ),
    ),
    Cue(
        "stripes",
        "number of dark bands across the shell: 0 to 3",
        # Half widths of the bands in the order of `STRIPES`.
        ((0.0, 0.0, 0.0), (0.0, 0.1, 0.0), (0.1, 0.0, 0.1), (0.1, 0.1, 0.1)),
    ),
    Cue(
        "antennae",
        "bend of the antennae, from outwards to straight ahead",
        ((0.68, 1.32), (0.60, 1.58), (0.42, 1.72), (0.18, 1.68)),
    ),
    Cue(
        "legs",
        "length of the feet",
        ((0.48,), (0.64,), (0.80,), (0.96,)),
    ),
    Cue(
        "mark",
        "place of a small bright mark behind the head",
        ((0.0, 1.0), (0.0, 0.70), (0.30, 0.68), (0.0, -0.92)),
    ),
    Cue(
        "eyes",
        "size of the eyes",
        ((0.06,), (0.09,), (0.12,), (0.15,)),
    ),
    Cue(
        "head",
        "shape of the head, from long to broad",
        # Half axes across and along.
        ((0.18, 0.39), (0.26, 0.33), (0.34, 0.27), (0.42, 0.21)),
    ),
    Cue(
        "texture",
        "fine grooves of the shell: none, along it, across it, or both",
        # How much darker the grooves along and across are, in 255ths.
        ((0.0, 0.0), (22.0, 0.0), (0.0, 22.0), (22.0, 22.0)),
    ),
)
"""From the most to the least salient one, as measured at the default size."""

STRIPES = (0.22, -0.20, -0.62)
"""Where the dark bands lie, along the body."""
MIDDLE = 1
"""The value of a cue that doesn't vary."""


def chosen(number: int) -> tuple[Cue, ...]:
    """`number` of the cues, spread evenly over their order; the first and the last are among them.

    Raises ValueError for a number outside 6 to 10: with fewer cues there are too few classes.
    """
    if not 6 <= number <= len(CUES):
        raise ValueError(f"the number of cues must be from 6 to {len(CUES)}, not {number}")
    places = [(2 * i * (len(CUES) - 1) + number - 1) // (2 * (number - 1)) for i in range(number)]
    return tuple(CUES[place] for place in places)
