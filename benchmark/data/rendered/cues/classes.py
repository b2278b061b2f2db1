"""Which tuples of cue values the classes are.

The training half is drawn so that the most salient cue alone tells a wanted share of class pairs
apart. The test half consists of 25 squares: four classes that differ in two cues alone, two of
them in one, so that each cue has pairs of classes in which nothing else differs.
"""

from itertools import combinations, cycle, islice

import numpy as np
import numpy.typing as npt

TRAIN_CLASSES = 100
SQUARES = 25
TEST_CLASSES = 4 * SQUARES
ATTEMPTS = 1000

Tuples = npt.NDArray[np.int64]


def sharers(sufficiency: float) -> int:
    """How many training classes share one value of the most salient cue; the others are unique.

    m sharers leave the share 1 - m (m - 1) / (C (C - 1)) of C classes' pairs to be told apart by
    that cue. The number comes nearest to the wanted share; at equal distance it is the lower one.
    """
    pairs = TRAIN_CLASSES * (TRAIN_CLASSES - 1)
    return min(
        range(1, TRAIN_CLASSES + 1), key=lambda m: abs(1 - m * (m - 1) / pairs - sufficiency)
    )


def told_apart(values: npt.NDArray[np.int64]) -> float:
    """The share of class pairs with different values of a cue, for one value a class [C]."""
    _, counts = np.unique(values, return_counts=True)
    total = len(values) * (len(values) - 1)
    return 1 - int((counts * (counts - 1)).sum()) / total


def training_tuples(sizes: tuple[int, ...], sufficiency: float, taken: Tuples) -> Tuples:
    """Training classes as tuples of values [100, cues], all different and none in `taken`.

    `sizes` are the numbers of values of the cues; the first one is the most salient and has at
    least 100. Each other cue has all its values equally often, in an order that is independent of
    the other cues'.
    """
    forbidden = set(map(tuple, taken.tolist()))
    shared = sharers(sufficiency)
    for attempt in range(ATTEMPTS):
        stream = np.random.Philox(key=[attempt, 2 * len(sizes)])
        first = _order(stream, sizes[0])[: TRAIN_CLASSES - shared + 1]
        columns = [np.concatenate([np.repeat(first[:1], shared - 1), first])]
        columns += [_order(stream, TRAIN_CLASSES) % size for size in sizes[1:]]
        tuples = np.stack(columns, axis=1)
        found = set(map(tuple, tuples.tolist()))
        if len(found) == TRAIN_CLASSES and not found & forbidden:
            return tuples
    raise ValueError(f"{len(sizes)} cues don't make {TRAIN_CLASSES} different classes")


def square_cues(cues: int) -> list[tuple[int, int]]:
    """The two cues in which the classes of each of the 25 squares differ, by their numbers.

    Cues 0 to cues // 2 - 1 are the major ones, the others the subtle ones. First come all pairs of
    subtle cues, then all of major ones, then each major cue with a subtle one, and so on again.
    With ten cues each is in five squares: four of its own half, and one of both.
    """
    half = cues // 2
    pairs = [
        *combinations(range(half, cues), 2),
        *combinations(range(half), 2),
        *((major, half + major) for major in range(half)),
    ]
    return list(islice(cycle(pairs), SQUARES))


def unseen_tuples(sizes: tuple[int, ...]) -> Tuples:
    """Test classes as tuples of values [100, cues], all different.

    Classes 4 s to 4 s + 3 are the square s: with its cues a and b, the base, the base with another
    value of a, with another value of b, and with both. Over the squares of a cue, its pairs of
    values come equally often, as far as they can.
    """
    for attempt in range(ATTEMPTS):
        stream = np.random.Philox(key=[attempt, 2 * len(sizes) + 1])
        base = np.stack([_spread(stream, size) for size in sizes], axis=1)
        changes = [cycle(_value_pairs(stream, size)) for size in sizes]
        tuples = np.repeat(base[:, None], 4, axis=1)
        for square, (a, b) in enumerate(square_cues(len(sizes))):
            for cue, changed in ((a, (1, 3)), (b, (2, 3))):
                one, other = next(changes[cue])
                tuples[square, :, cue] = one
                tuples[square, changed, cue] = other
        flat = tuples.reshape(TEST_CLASSES, len(sizes))
        if len(np.unique(flat, axis=0)) == TEST_CLASSES:
            return flat
    raise ValueError(f"{len(sizes)} cues don't make {TEST_CLASSES} different classes")


def _order(stream: np.random.Philox, count: int) -> npt.NDArray[np.int64]:
    """A random order of 0 to count - 1."""
    order: npt.NDArray[np.int64] = np.argsort(stream.random_raw(count), kind="stable")
    return order.astype(np.int64)


def _spread(stream: np.random.Philox, size: int) -> npt.NDArray[np.int64]:
    """A value for each square: all equally often, as far as they can."""
    if size >= SQUARES:
        return _order(stream, size)[:SQUARES]
    return _order(stream, SQUARES) % size


def _value_pairs(stream: np.random.Philox, size: int) -> list[tuple[int, int]]:
    """Pairs of different values in a random order: all of them, or some where there are many."""
    if size >= SQUARES:
        order = _order(stream, size)[: 2 * (SQUARES // 2)].tolist()
        return list(zip(order[::2], order[1::2], strict=True))
    pairs = list(combinations(range(size), 2))
    flip = (stream.random_raw(len(pairs)) >> np.uint64(63)).tolist()
    ordered = [pairs[i] for i in _order(stream, len(pairs))]
    return [(b, a) if turned else (a, b) for (a, b), turned in zip(ordered, flip, strict=True)]
