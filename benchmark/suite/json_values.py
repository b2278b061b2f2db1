"""What a configuration may hold: its JSON is the run's identity, so nothing that JSON lacks."""

import math
from typing import Any

from benchmark.errors import UserError


def check_values(value: Any, where: str) -> None:
    """Raise UserError, naming the place within `where`, for what JSON can't say.

    That is a number that is infinite or NaN, a name that is no text, and any other kind of value.
    """
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise UserError(f"{where}: the name of an entry is a text, not {key!r}")
            check_values(item, f"{where}.{key}")
    elif isinstance(value, list | tuple):
        for place, item in enumerate(value):
            check_values(item, f"{where}.{place}")
    elif isinstance(value, float) and not math.isfinite(value):
        raise UserError(f"{where} must be a finite number, not {value}")
    elif value is not None and not isinstance(value, str | int | float):
        raise UserError(
            f"{where} must be a number, a text, true, false, none, or a list or dict of them, "
            f"not {value!r}"
        )
