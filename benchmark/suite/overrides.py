"""Changes of a configuration from the command line: key.path=value."""

import ast
from typing import Any

from benchmark.errors import UserError
from benchmark.suite.configuration import known


def parse(override: str) -> tuple[list[str], Any]:
    """The path and the value of `key.path=value`. Raises UserError for another text."""
    key, equals, text = override.partition("=")
    if not equals or not all(key.split(".")):
        raise UserError(f"{override!r} is no override; write key.path=value, such as epochs=2")
    words = {"true": True, "false": False, "null": None, "none": None}
    if text.lower() in words:
        return key.split("."), words[text.lower()]
    try:
        return key.split("."), ast.literal_eval(text)
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):
        return key.split("."), text


def put(target: dict[str, Any], path: list[str], value: Any, where: str) -> None:
    """Set target[path[0]][path[1]]... = value. Raises UserError where there is no such place."""
    holder: Any = target
    for depth, key in enumerate(path):
        here = ".".join(path[: depth + 1])
        if isinstance(holder, list):
            if not key.isdecimal() or int(key) >= len(holder):
                raise UserError(f"{where}: {here}: there are {len(holder)} entries, from 0")
            place: Any = int(key)
        elif isinstance(holder, dict):
            place = key
        else:
            raise UserError(f"{where}: {'.'.join(path[:depth])} has no entries of its own")
        if depth == len(path) - 1:
            holder[place] = value
        elif isinstance(holder, dict) and place not in holder:
            raise UserError(f"{where}: there is no {here}. {known(key, holder)}")
        else:
            holder = holder[place]
