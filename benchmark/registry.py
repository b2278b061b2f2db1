"""The registries: children of mmengine's, filled from the files of the packages they name.

A new objective, rival, data set or backbone is one file in its package; nothing here changes.
"""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Collection
from types import ModuleType
from typing import Any

import mmengine.registry as root
from mmengine.registry import Registry
from pydantic import BaseModel
from torch import nn

from benchmark import dam
from benchmark.entries import Entry
from benchmark.errors import UserError
from benchmark.signatures import options_model
from benchmark.validation import known, shown, validated


def _registry(name: str, parent: Registry, *packages: str) -> Registry:
    # mmengine lets a scope have one child of a parent, so each registry has a scope of its own.
    scope = "benchmark_" + name.replace(" ", "_")
    return Registry(name, parent=parent, scope=scope, locations=list(packages))


DATASETS = _registry("dataset", root.DATASETS, "benchmark.data")
TRANSFORMS = _registry("transform", root.TRANSFORMS, "benchmark.data")
BACKBONES = _registry("backbone", root.MODELS, "benchmark.models")
PROXY_OBJECTIVES = _registry("proxy objective", root.MODELS, "baselines.proxy")
PAIR_OBJECTIVES = _registry("pair objective", root.MODELS, "baselines.pair")
RIVALS = _registry("rival", root.MODELS, "baselines.erasing", "baselines.attention")
PROXY_MAPPINGS = _registry("proxy mapping", root.MODELS)
PAIR_MAPPINGS = _registry("pair mapping", root.MODELS)

PROXY_MAPPINGS.register_module(name="dam", module=dam.ProxyDAM)
PAIR_MAPPINGS.register_module(name="dam", module=dam.PairDAM)


def snake_case(name: str) -> str:
    """The name that a class goes by in a configuration: ProxyAnchor is proxy_anchor."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def names(registry: Registry) -> list[str]:
    """The names registered, in alphabetical order; imports the packages' files the first time."""
    while registry._locations:
        package = importlib.import_module(registry._locations.pop())
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            found = importlib.import_module(module.name)
            if package.__name__.startswith("baselines."):
                _take_in(registry, found)
    return sorted(registry.module_dict)


def _take_in(registry: Registry, module: ModuleType) -> None:
    """Register a file's public modules, since `baselines` doesn't know the registry."""
    for name, kind in vars(module).items():
        own = inspect.isclass(kind) and kind.__module__ == module.__name__
        if own and issubclass(kind, nn.Module) and not name.startswith("_"):
            registry.register_module(name=snake_case(name), module=kind)


def objective_registries(objective: str) -> tuple[Registry, Registry]:
    """The registries of an objective and of its DAM mapping: those for proxies or for pairs."""
    if objective in names(PROXY_OBJECTIVES):
        return PROXY_OBJECTIVES, PROXY_MAPPINGS
    return PAIR_OBJECTIVES, PAIR_MAPPINGS


def find(registry: Registry, kind: str, where: str) -> Callable[..., Any]:
    """The class registered as `kind`. Raises UserError where there is none.

    mmengine's own registries silently fall back on their parents, so the lookup stays in this one.
    """
    all_names = names(registry)
    if kind not in all_names:
        raise UserError(
            f"{where}.type: there is no {registry.name} named {shown(kind)}. "
            f"{known(kind, all_names)}"
        )
    found: Callable[..., Any] = registry.module_dict[kind]
    return found


def resolve(registry: Registry, entry: Entry, where: str, given: Collection[str] = ()) -> Entry:
    """Complete `entry` with the defaults of the class that its `type` names.

    `where` is the entry's key in the configuration; `given` are the parameters that don't come from
    a configuration. An option that the class names in `left_out_where_none` isn't filled in: so
    it could be added without a change of the identities of runs. Raises UserError for an unknown
    type or option, and for a value that the class's signature doesn't allow.
    """
    kind = find(registry, entry.type, where)
    options = checked_options(kind, entry, where, given)
    later = getattr(kind, "left_out_where_none", ())
    absent = {name for name in later if getattr(options, name) is None}
    return Entry.of(entry.type, **options.model_dump(mode="json", exclude=absent))


def checked_options(
    kind: Callable[..., Any], entry: Entry, where: str, given: Collection[str] = ()
) -> BaseModel:
    """The entry's options, checked against the signature of `kind`. Raises UserError for a fault.

    `given` are the parameters that don't come from a configuration.
    """
    return validated(options_model(kind, frozenset(given)), entry.options, where, entry.type)


def build(registry: Registry, entry: Entry, where: str, **given: Any) -> Any:
    """Make the object that `entry` describes; `given` are arguments from outside the configuration.

    The class gets those of them that it takes and that the entry leaves out. Raises UserError if it
    refuses an option's value.
    """
    kind = find(registry, entry.type, where)
    options = entry.options
    taken = inspect.signature(kind).parameters
    try:
        return kind(**{key: value for key, value in given.items() if key in taken} | options)
    except (TypeError, ValueError) as error:
        raise UserError(f"{where}: {error}") from error
    except (RuntimeError, ArithmeticError) as error:  # torch's errors for impossible sizes
        named = ", ".join(f"{key}={shown(value)}" for key, value in options.items())
        raise UserError(f"{where}: no {entry.type} has {named} ({error})") from error
