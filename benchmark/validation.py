"""The faults that a pydantic model finds, in one line: which key, which value, what is allowed."""

import difflib
import math
from collections.abc import Collection, Iterator
from functools import cache
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from benchmark.errors import UserError

LONGEST = 60
"""Characters of a value that a message shows."""

Schema = dict[str, Any]
Model = TypeVar("Model", bound=BaseModel)


class Part(BaseModel):
    """A model whose values can't be changed, whose keys are all known, and whose types are exact.

    A whole number is accepted as a number, and a list as a tuple, which JSON lacks.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
        protected_namespaces=(),
    )


def validated(model: type[Model], value: Any, where: str = "", owner: str | None = None) -> Model:
    """The value as `model`. Raises UserError, which begins with `where`, for its first fault.

    With `owner` the value holds the options of the class of that name, and `where` is the key of
    its entry.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise UserError(_sentence(error, model, value, where, owner)) from error


def _sentence(
    error: ValidationError, model: type[BaseModel], value: Any, where: str, owner: str | None
) -> str:
    """The first fault of a value that `model` refused: an unknown key before any other."""
    found = error.errors(include_url=False)
    first = next((one for one in found if one["type"] == "extra_forbidden"), found[0])
    path, schema = _place(first["loc"], model, value)
    prefix = f"{where}: " if where else ""
    if first["type"] == "extra_forbidden":
        *holders, key = map(str, path)
        holder = ".".join(filter(None, [owner, *holders]))
        keys = list(_inner(schema).get("properties", {}))
        fault = f"{holder} has no option {shown(key)}" if holder else f"unknown key {shown(key)}"
        return f"{prefix}{fault}. {known(key, keys)}"
    name = ".".join(map(str, path))
    place = f"{where}.{name}" if owner is not None and name else f"{prefix}{name or 'it'}"
    if first["type"] == "missing":
        return f"{place} is missing; it must be {words(schema)}"
    if first["type"] in ("value_error", "assertion_error"):
        return f"{place if name else where}: {first['ctx']['error']}".removeprefix(": ")
    return f"{place} must be {words(schema)}, not {shown(first['input'])}"


def known(key: str, keys: Collection[str]) -> str:
    """A hint about an unknown key: the nearest of `keys`, and all of them."""
    near = difflib.get_close_matches(key[:LONGEST], keys, n=1)
    hint = f"Did you mean {near[0]!r}? " if near else ""
    return f"{hint}Known: {', '.join(keys) or 'none'}."


def shown(value: Any) -> str:
    """A value as Python writes it, without its middle if it is long."""
    try:
        text = repr(value)
    except ValueError:  # an integer of more digits than Python writes
        return "a number of thousands of digits"
    if len(text) <= LONGEST:
        return text
    half = (LONGEST - 3) // 2
    return f"{text[:half]}...{text[-half:]}"


def words(schema: Schema) -> str:
    """What a JSON schema allows, in words: "a whole number from 1 or none"."""
    if "const" in schema:
        return repr(schema["const"])
    if "enum" in schema:
        return " or ".join(map(repr, schema["enum"]))
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            return " or ".join(dict.fromkeys(map(words, schema[choice])))
    kind = schema.get("type")
    if kind in ("integer", "number"):
        return ("a whole number" if kind == "integer" else "a number") + _range(schema)
    if "prefixItems" in schema:
        items = schema["prefixItems"]
        return f"a list of {len(items)}: {', '.join(map(words, items))}"
    if kind == "string":
        length = f" of at most {schema['maxLength']} characters" if "maxLength" in schema else ""
        return f"a string{length}"
    if schema.get("minItems") == 1 or schema.get("minProperties") == 1:
        return f"{'a list' if kind == 'array' else 'a dict'} with something in it"
    if kind == "array" and schema.get("items"):
        return f"a list, each item {words(schema['items'])}"
    named = {"boolean": "true or false", "null": "none", "array": "a list", "object": "a dict"}
    return named.get(str(kind), "a value that JSON has")


def _range(schema: Schema) -> str:
    """The bounds of a number."""
    bounds = [
        f"{word} {_number(schema[key])}"
        for key, word in (
            ("minimum", "from"),
            ("exclusiveMinimum", "above"),
            ("maximum", "to"),
            ("exclusiveMaximum", "to below"),
        )
        if key in schema
    ]
    return f" {' '.join(bounds)}" if bounds else ""


def _number(value: float) -> str:
    return f"{int(value):,}" if value == int(value) else f"{value:g}"


@cache
def schema_of(model: type[BaseModel]) -> Schema:
    """The model's JSON schema, with every reference replaced by what it refers to."""
    schema = model.model_json_schema()
    definitions = schema.pop("$defs", {})

    def resolved(part: Any) -> Any:
        if isinstance(part, list):
            return [resolved(item) for item in part]
        if not isinstance(part, dict):
            return part
        if "$ref" in part:  # keys beside it hold for this place alone
            part = dict(part)
            name = part.pop("$ref").rpartition("/")[2]
            return {**resolved(definitions[name]), **resolved(part)}
        return {key: resolved(item) for key, item in part.items() if key != "discriminator"}

    result: Schema = resolved(schema)
    return result


def _place(
    loc: tuple[int | str, ...], model: type[BaseModel], value: Any
) -> tuple[list[int | str], Schema]:
    """The path to a fault within the value, and the schema of what is allowed there.

    pydantic's locations also name the member of a union that was tried; those names are left out.
    The schema of an unknown key is its holder's.
    """
    path: list[int | str] = []
    schema = schema_of(model)
    for place, step in enumerate(loc):
        last = place == len(loc) - 1
        inner = _step(schema, step)
        holds = isinstance(value, dict) and step in value
        holds |= isinstance(value, list | tuple) and isinstance(step, int) and step < len(value)
        if not holds and (inner is None or not last):
            continue
        path.append(step)
        value = value[step] if holds else None
        schema = inner if inner is not None else schema
    return path, schema


def _step(schema: Schema, step: int | str) -> Schema | None:
    """The schema of a key or place within; None where it has none."""
    for one in _members(schema):
        if isinstance(step, str) and step in one.get("properties", {}):
            return one["properties"][step]
        if isinstance(step, int) and one.get("type") == "array":
            items = one.get("prefixItems", [])
            return items[step] if step < len(items) else one.get("items", {})
        if isinstance(one.get("additionalProperties"), dict):
            return one["additionalProperties"]
    return None


def _members(schema: Schema) -> Iterator[Schema]:
    """The schema, or those that it chooses among."""
    choices = schema.get("anyOf") or schema.get("oneOf")
    if choices is None:
        yield schema
    for one in choices or []:
        yield from _members(one)


def _inner(schema: Schema) -> Schema:
    """The member with the most keys: a fault lies there, as one that takes any key finds none."""
    return max(_members(schema), key=lambda one: len(one.get("properties", {})))


def json_value(value: Any, where: str = "") -> Any:
    """The value with tuples as lists; models in it stay. Raises ValueError for what JSON lacks.

    That is a number that is infinite, NaN or beyond 64 bits, a name that isn't a string, a string
    that isn't Unicode, and any other kind of value.
    """
    place = f"{where} " if where else ""
    if isinstance(value, dict):
        for name in value:
            if not isinstance(name, str):
                raise ValueError(f"{place}has a key that isn't a string: {shown(name)}")
        inside = f"{where}." if where else ""
        return {
            json_value(name, where): json_value(item, f"{inside}{name}")
            for name, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [json_value(item, f"{where}.{place}") for place, item in enumerate(value)]
    if isinstance(value, str):
        if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
            raise ValueError(f"{place}must be a string of Unicode characters, not {shown(value)}")
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{place}must be a finite number, not {value}")
    elif isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise ValueError(f"{place}must be a number of at most 64 bits, not {shown(value)}")
    elif value is not None and not isinstance(value, int | float | BaseModel):
        raise ValueError(
            f"{place}must be a number, a string, true, false, none, or a list or dict of them, "
            f"not {shown(value)}"
        )
    return value


def value_at(config: dict[str, Any], key: str) -> Any:
    """What a configuration holds at a dotted key. Raises KeyError where it has no such key."""
    value: Any = config
    for name in key.split("."):
        if not isinstance(value, dict):
            raise KeyError(key)
        value = value[name]
    return value
