"""The registries: children of mmengine's, filled from the files of the packages they name.

A new objective, rival, data set or backbone is one file in its package; nothing here changes.
"""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Collection
from types import ModuleType
from typing import Any

import mmengine.registry as root
from mmengine.registry import Registry
from torch import nn

from benchmark import dam
from benchmark.errors import UserError
from benchmark.option_types import check_types


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
    """Register a file's public modules: `baselines` doesn't know the registry."""
    for name, kind in vars(module).items():
        own = inspect.isclass(kind) and kind.__module__ == module.__name__
        if own and issubclass(kind, nn.Module) and not name.startswith("_"):
            registry.register_module(name=snake_case(name), module=kind)


def resolve(
    registry: Registry, entry: dict[str, Any], where: str, given: Collection[str] = ()
) -> dict[str, Any]:
    """Complete `entry` with the defaults of the class that its `type` names.

    `where` says which entry of the configuration it is, `given` which parameters no configuration
    holds. Raises UserError for an unknown type or key, and for a value of another type than the
    parameter's. mmengine's own registries fall back on their parents without a word, so the lookup
    stays in this registry.
    """
    known = names(registry)
    kind = entry.get("type")
    if kind not in known:
        raise UserError(
            f"{where}: there is no {registry.name} named {kind!r}. Known: {', '.join(known)}."
        )
    parameters = {
        name: parameter
        for name, parameter in inspect.signature(registry.module_dict[kind]).parameters.items()
        if name != "self" and name not in given
    }
    unknown = sorted(set(entry) - set(parameters) - {"type"})
    if unknown:
        raise UserError(
            f"{where}: {kind} has no option {', '.join(map(repr, unknown))}. "
            f"Its options: {', '.join(parameters) or 'none'}."
        )
    check_types(registry.module_dict[kind], entry, where)
    defaults = {
        name: parameter.default
        for name, parameter in parameters.items()
        if parameter.default is not inspect.Parameter.empty
    }
    return {"type": kind, **defaults, **{k: v for k, v in entry.items() if k != "type"}}


def build(registry: Registry, entry: dict[str, Any], where: str, **given: Any) -> Any:
    """Make what `entry` describes; `given` are arguments that no configuration needs to hold.

    The class gets those of them that it takes and the entry leaves out. Raises UserError where it
    refuses an option's value.
    """
    names(registry)
    kind = registry.module_dict[entry["type"]]
    options = {key: value for key, value in entry.items() if key != "type"}
    taken = inspect.signature(kind).parameters
    try:
        return kind(**{key: value for key, value in given.items() if key in taken} | options)
    except (TypeError, ValueError) as error:
        raise UserError(f"{where}: {error}") from error
    except (RuntimeError, ArithmeticError) as error:  # what torch makes of a size that can't be
        named = ", ".join(f"{key}={value!r}" for key, value in options.items())
        raise UserError(f"{where}: no {entry['type']} has {named} ({error})") from error
