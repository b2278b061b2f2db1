"""Every key of a run's configuration, made from the model and from what is registered."""

import copy
import inspect
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from mmengine.registry import OPTIMIZERS, Registry

from benchmark.entries import JointObjective
from benchmark.registry import (
    BACKBONES,
    DATASETS,
    PAIR_MAPPINGS,
    PAIR_OBJECTIVES,
    PROXY_MAPPINGS,
    PROXY_OBJECTIVES,
    RIVALS,
    TRANSFORMS,
    names,
)
from benchmark.run_config import RunConfig, Settings
from benchmark.signatures import options_model
from benchmark.suite.configuration import GIVEN
from benchmark.suite.suite_file import Case, Suite
from benchmark.validation import Schema, schema_of, words


class Section(NamedTuple):
    """The classes that an entry of the configuration may name."""

    title: str
    key: str
    registry: Registry


SECTIONS = (
    Section("Data sets", "dataset", DATASETS),
    Section("Transforms", "transform", TRANSFORMS),
    Section("Backbones", "backbone", BACKBONES),
    Section("Proxy objectives", "objective", PROXY_OBJECTIVES),
    Section("Pair objectives", "objective", PAIR_OBJECTIVES),
    Section("Similarities of proxies", "similarity", PROXY_MAPPINGS),
    Section("Similarities of pairs", "similarity", PAIR_MAPPINGS),
    Section("Rivals", "rivals", RIVALS),
)
_INTRODUCTION = """\
# Configuration

A run's configuration is a data set's file, a recipe's file and what a suite says, put together.
`key.path=value` on the command line changes any of these keys in every run: `epochs=2`,
`optimiser.lr=0.001`, `schedule.milestones=[20,40]`. An unknown key, a value of another type or out
of range is refused before anything is trained. The hash of the complete configuration is the run's
identity.

`python -m benchmark config --schema` prints the same as a JSON schema.
"""
_ENTRIES = """\
## Entries

An entry names a class by its `type` and holds that class's options beside it. A new class is found
by its file alone, see [extending](extending.md), and its options are those of its constructor.
"""


class _Key(NamedTuple):
    name: str
    allowed: str
    default: str
    description: str


def schema() -> Schema:
    """The JSON schema of a run's configuration, with the options of everything registered."""
    result = copy.deepcopy(schema_of(RunConfig))
    found: dict[str, list[Schema]] = {}
    for section in SECTIONS:
        for name, kind in _registered(section.registry):
            found.setdefault(section.key, []).append(_entry(name, kind, section.key))
    for name, kind in sorted(OPTIMIZERS.module_dict.items()):
        found.setdefault("optimiser", []).append(_entry(name, kind, "optimiser"))
    properties = result["properties"]
    for key in ("dataset", "transform", "backbone", "optimiser"):
        described = {"description": properties[key]["description"]}
        properties[key] = {"anyOf": found[key], **described}
    properties["rivals"]["items"] = {"anyOf": found["rivals"]}
    for key in ("objective", "similarity"):
        joint = [one for one in properties[key]["oneOf"] if "proxy" in one["properties"]]
        properties[key] = {
            "anyOf": [*found[key], *joint, *([_PLAIN] if key == "similarity" else [])],
            "description": properties[key]["description"],
        }
    return result


_PLAIN: Schema = {
    "type": "object",
    "properties": {"type": {"const": "plain"}},
    "required": ["type"],
    "additionalProperties": False,
}


def reference() -> str:
    """The page of all keys and options, as Markdown."""
    lines = [_INTRODUCTION, "## Keys of a run\n", *_table("key", _keys(schema_of(Settings)))]
    for title, model in (
        ("Keys of a joint objective", JointObjective),
        ("Keys of a suite", Suite),
        ("Keys of a case", Case),
    ):
        lines += [f"\n## {title}\n", *_table("key", _keys(schema_of(model)))]
    lines.append(f"\n{_ENTRIES}")
    for section in SECTIONS:
        lines.append(f"### {section.title}: `{section.key}`\n")
        for name, kind in _registered(section.registry):
            lines.append(f"`{name}`: {_summary(kind)}\n")
            options = schema_of(options_model(kind, _given(section.key)))
            if options.get("properties"):
                lines += [*_table("option", _keys(options)), ""]
    return "\n".join(lines).rstrip() + "\n"


def _registered(registry: Registry) -> Iterator[tuple[str, Callable[..., Any]]]:
    return ((name, registry.module_dict[name]) for name in names(registry))


def _given(key: str) -> frozenset[str]:
    return frozenset(GIVEN.get(key, ()))


def _entry(name: str, kind: Callable[..., Any], key: str) -> Schema:
    """The schema of an entry that names one class."""
    options = schema_of(options_model(kind, _given(key)))
    return {
        "title": name,
        "type": "object",
        "properties": {"type": {"const": name}, **options.get("properties", {})},
        "required": ["type", *options.get("required", [])],
        "additionalProperties": False,
    }


def _keys(part: Schema, prefix: str = "") -> Iterator[_Key]:
    """The keys of a part, those of its own parts by dotted names."""
    for name, inner in part.get("properties", {}).items():
        if inner.get("properties") and not inner.get("additionalProperties"):
            yield from _keys(inner, f"{prefix}{name}.")
            continue
        default = f"`{_value(inner['default'])}`" if "default" in inner else "required"
        if name not in part.get("required", []) and "default" not in inner:
            default = "empty"
        description = _one_line(inner.get("description", ""))
        yield _Key(f"{prefix}{name}", words(inner), default, description)


def _table(heading: str, keys: Iterator[_Key]) -> list[str]:
    """A Markdown table; the descriptions make its last column, if there are any."""
    rows = list(keys)
    width = 4 if any(row.description for row in rows) else 3
    lines: list[tuple[str, ...]] = [(heading, "value", "default", "")[:width], ("---",) * width]
    lines += [(f"`{row.name}`", *row[1:])[:width] for row in rows]
    return [f"| {' | '.join(map(_escaped, line))} |" for line in lines]


def _escaped(cell: str) -> str:
    return cell.replace("|", "\\|")


def _value(value: Any) -> str:
    """A value as the command line takes it."""
    if isinstance(value, dict) and value.keys() == {"type"}:
        return str(value["type"])
    if value is None or isinstance(value, bool):
        return {None: "none", True: "true", False: "false"}[value]
    return str(value)


def _summary(kind: Callable[..., Any]) -> str:
    """The first paragraph of a docstring."""
    return _one_line((inspect.getdoc(kind) or "").partition("\n\n")[0])


def _one_line(text: str) -> str:
    return " ".join(text.split())
