"""Whether the options of a configuration are of the types that a class wants."""

import inspect
import types
from collections.abc import Callable, Sequence
from typing import Any, Literal, Union, get_args, get_origin

from benchmark.errors import UserError


def check_types(kind: Callable[..., Any], options: dict[str, Any], where: str) -> None:
    """Raise UserError for an option whose value is of another type than the parameter of `kind`.

    The type is the annotation, or the default's where there is none. A whole number is taken for
    a number, and a list for a tuple, which JSON lacks.
    """
    for name, parameter in _annotated(kind).items():
        if name in options and not _fits(options[name], wanted := _wanted(parameter)):
            raise UserError(f"{where}.{name} must be {_words(wanted)}, not {options[name]!r}")


def _annotated(kind: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    try:
        return dict(inspect.signature(kind, eval_str=True).parameters)
    except NameError:  # annotations that only a type checker can read
        return dict(inspect.signature(kind).parameters)


def _wanted(parameter: inspect.Parameter) -> Any:
    """What a parameter's value is to be; Any where nothing tells."""
    if not isinstance(parameter.annotation, str) and parameter.annotation is not parameter.empty:
        return parameter.annotation
    return type(parameter.default) if type(parameter.default) in _WORDS else Any


# What a configuration can hold, as a person says it. A parameter of any other type takes anything.
_WORDS: dict[Any, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    type(None): "none",
    dict: "a dict",
    **dict.fromkeys((list, tuple, Sequence), "a list"),
}


def _fits(value: Any, wanted: Any) -> bool:
    """Whether a value is of an annotated type."""
    kind, inner = get_origin(wanted) or wanted, get_args(wanted)
    if kind in (Union, types.UnionType):
        held = _held(inner)
        return not held or any(_fits(value, one) for one in held)
    if kind is Literal:
        return value in inner
    if kind is tuple and inner and Ellipsis not in inner:
        listed = isinstance(value, list | tuple) and len(value) == len(inner)
        return listed and all(map(_fits, value, inner))
    if kind in (list, tuple, Sequence):
        return isinstance(value, list | tuple)
    if kind not in _WORDS:
        return True
    if isinstance(value, bool):
        return kind is bool
    return isinstance(value, int | float if kind is float else kind)


def _held(kinds: tuple[Any, ...]) -> list[Any]:
    """Those of several types that a configuration can hold."""
    return [kind for kind in kinds if (get_origin(kind) or kind) in (*_WORDS, Literal)]


def _words(wanted: Any) -> str:
    """A type as a person says it."""
    kind, inner = get_origin(wanted) or wanted, get_args(wanted)
    if kind in (Union, types.UnionType):
        return " or ".join(map(_words, _held(inner)))
    if kind is Literal:
        return " or ".join(map(repr, inner))
    if kind is tuple and inner and Ellipsis not in inner:
        return f"a list of {len(inner)}: {', '.join(map(_words, inner))}"
    return _WORDS[kind]
