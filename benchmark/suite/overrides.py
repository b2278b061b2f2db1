"""Changes of a configuration from the command line: key.path=value."""

import ast
from typing import Any

from benchmark.errors import UserError
from benchmark.validation import shown


def parse(override: str) -> tuple[list[str], Any]:
    """The path and the value of `key.path=value`. Raises UserError for anything else."""
    key, equals, text = override.partition("=")
    if not equals or not all(key.split(".")):
        raise UserError(f"{shown(override)} is no override; write key.path=value, such as epochs=2")
    words = {"true": True, "false": False, "null": None, "none": None}
    if text.lower() in words:
        return key.split("."), words[text.lower()]
    try:
        return key.split("."), ast.literal_eval(text)
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):
        return key.split("."), text


def put(target: dict[str, Any], path: list[str], value: Any, where: str) -> None:
    """Set target[path[0]][path[1]]... = value; entries on the way are made where they are missing.

    Raises UserError where the path leads through a list's end or a value without entries.
    """
    holder: Any = target
    for depth, key in enumerate(path):
        place: str | int = key
        if isinstance(holder, list):
            if not (key.isascii() and key.isdecimal()) or int(key) >= len(holder):
                here = ".".join(path[: depth + 1])
                raise UserError(f"{where}: {here}: there are {len(holder)} entries, from 0")
            place = int(key)
        elif not isinstance(holder, dict):
            raise UserError(f"{where}: {shown('.'.join(path[:depth]))} has no entries of its own")
        if depth == len(path) - 1:
            holder[place] = value
        else:
            holder = holder.setdefault(place, {}) if isinstance(holder, dict) else holder[place]
