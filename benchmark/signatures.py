"""The options that a class takes, as a model made from its signature."""

import inspect
import types
from collections.abc import Callable, Collection, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, Strict, create_model

from benchmark.validation import Part

_PLAIN = (bool, int, float, str, type(None), list, dict)
"""Types that a configuration can hold."""


@cache
def options_model(kind: Callable[..., Any], given: frozenset[str]) -> type[BaseModel]:
    """A model whose fields are the parameters of `kind`, but for those named in `given`.

    A parameter's type is its annotation, or its default's type where there is none; of several
    types, those that a configuration can hold. A parameter of any other type takes anything.
    """
    fields: dict[str, Any] = {
        parameter.name: (
            _annotation(parameter),
            ... if parameter.default is parameter.empty else parameter.default,
        )
        for parameter in parameters(kind, given)
    }
    return create_model(getattr(kind, "__name__", "Options"), __base__=Part, **fields)


def parameters(kind: Callable[..., Any], given: Collection[str]) -> list[inspect.Parameter]:
    """The named parameters of `kind`, but for those in `given`."""
    try:
        signature = inspect.signature(kind, eval_str=True)
    except NameError:  # annotations that only a type checker can read
        signature = inspect.signature(kind)
    unnamed = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [
        parameter
        for name, parameter in signature.parameters.items()
        if name != "self" and name not in given and parameter.kind not in unnamed
    ]


def _annotation(parameter: inspect.Parameter) -> Any:
    annotation, default = parameter.annotation, parameter.default
    if annotation is parameter.empty or isinstance(annotation, str):
        annotation = type(default) if type(default) in (bool, int, float, str) else Any
    held = _held(annotation)
    return Any if held is None else held


def _held(annotation: Any) -> Any:
    """The annotation without the types that no configuration can hold; None if none is left."""
    kind, inner = get_origin(annotation) or annotation, get_args(annotation)
    if kind is Annotated:
        return annotation
    if kind in (Union, types.UnionType):
        held = [one for one in map(_held, inner) if one is not None]
        return Union[tuple(held)] if held else None  # noqa: UP007 (of a list of types)
    if kind in (tuple, Sequence):
        items = [item if item is ... else _held(item) or Any for item in inner]
        items += [...] if kind is Sequence and items else []
        listed: Any = tuple[tuple(items)] if items else tuple  # type: ignore[misc]
        return Annotated[listed, Strict(False)]
    if kind is Path:
        return Annotated[Path, Strict(False)]
    return annotation if kind is Literal or kind in _PLAIN else None
