"""What the files of a run hold, as far as a reader relies on it."""

import json
import math
import reprlib
from collections.abc import Callable, Collection, Mapping
from typing import Any, Literal, get_args

State = Literal["finished", "failed", "not run"]

_Fits = Callable[[Any], bool]


def check_config(value: Any) -> None:
    """Raise ValueError unless `value` may be a run's config.json."""
    _check(value, _CONFIG, needed=("dataset", "objective", "arm", "seed"))
    json.dumps(value, allow_nan=False)  # its hash is taken of numbers that are finite


def check_environment(value: Any) -> None:
    """Raise ValueError unless `value` may be a run's environment.json."""
    _check(value, {}, needed=())


def check_result(value: Any) -> None:
    """Raise ValueError unless `value` may be a run's result.json."""
    _check(value, _RESULT, needed=("state",))
    for key in value:
        if key not in _RESULT:
            raise ValueError(f"no result has an entry {key!r}")


def _check(value: Any, kinds: Mapping[str, _Fits], needed: Collection[str]) -> None:
    if not isinstance(value, dict):
        raise ValueError(f"it holds {reprlib.repr(value)} in place of entries by name")
    for key in needed:
        if key not in value:
            raise ValueError(f"it has no {key!r}")
    for key, fits in kinds.items():
        if key in value and not fits(value[key]):
            raise ValueError(f"its {key!r} can't be {reprlib.repr(value[key])}")


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _number(value: Any) -> bool:
    """A metric may be NaN, which says that it has no value."""
    return _whole(value) or (isinstance(value, float) and not math.isinf(value))


def _entries(value: Any) -> bool:
    return isinstance(value, dict)


def _of(fits: _Fits) -> _Fits:
    """A dictionary whose values are of one kind."""
    return lambda value: isinstance(value, dict) and all(map(fits, value.values()))


def _each(fits: _Fits) -> _Fits:
    """A list of one kind."""
    return lambda value: isinstance(value, list) and all(map(fits, value))


def _typed(value: Any) -> bool:
    return isinstance(value, dict) and _text(value.get("type"))


def _counts(value: Any) -> bool:
    """What a data set is called, whether it is a whole release, and how much it holds."""
    return isinstance(value, dict) and all(
        _FACTS.get(key, _whole)(item) for key, item in value.items()
    )


def _epoch(value: Any) -> bool:
    return isinstance(value, dict) and _whole(value.get("epoch")) and _number(value.get("loss"))


_FACTS: dict[str, _Fits] = {
    **dict.fromkeys(("name", "protocol", "note"), _text),
    "official": lambda value: isinstance(value, bool),
}
_CONFIG: dict[str, _Fits] = {
    "dataset": _typed,
    "objective": _typed,
    "similarity": _typed,
    "rivals": _each(_typed),
    "arm": _text,
    "seed": _whole,
    **dict.fromkeys(("backbone", "sampler", "memory", "optimiser", "schedule"), _entries),
}
_RESULT: dict[str, _Fits] = {
    "state": lambda value: value in get_args(State),
    "error": lambda value: value is None or _text(value),
    "metrics": _of(_number),
    "untrained": _of(_number),
    "history": _each(_epoch),
    "digests": _of(_text),
    "dataset": _counts,
    "timing": _of(_number),
}
