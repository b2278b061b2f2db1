"""One run's configuration: put together, completed with defaults, and checked key by key.

| key | what it is |
|---|---|
| `dataset`, `transform`, `backbone`, `objective` | entries with a `type` and its options |
| `similarity` | dict(type="plain"), or dict(type="dam") with options of the mapping |
| `rivals` | list of entries: what else acts in training, see `baselines.erasing` and `attention` |
| `dim` | elements of the embedding; None takes the backbone's features as they are |
| `pooling`, `neck` | how the backbone's map becomes a feature; see `benchmark.models.retrieval` |
| `sampler` | `classes` in a batch, `samples` of each |
| `optimiser`, `proxy_rate` | torch's options; what multiplies its rate for the loss's parameters |
| `schedule` | `warmup`, `frozen` and `milestones` in epochs; `decay`; `gamma` of the steps |
| `memory` | `size` of a pair loss's memory of past features, `start` as a share of training |
| `nmi` | whether the evaluation clusters too |
| `epochs`, `threads`, `device` | of training; torch's threads on a CPU |

A joint objective is dict(type="joint", proxy=ENTRY, pair=ENTRY, weights=[1.0, 1.0]). Its similarity
takes options of both mappings, and dict(proxy=..., pair=...) for those of one; None leaves a part
plain.
"""

import copy
import difflib
from typing import Any

from benchmark.errors import UserError
from benchmark.models.pretrained import choose
from benchmark.models.retrieval import NECKS, POOLINGS
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
    resolve,
)
from benchmark.suite.json_values import check_values
from benchmark.training.building import JOINT, PLAIN, registries

DEFAULTS: dict[str, Any] = {
    "pooling": "avg",
    "neck": None,
    "schedule": {"warmup": 0.0, "frozen": 0.0, "decay": "cosine", "milestones": [], "gamma": 0.1},
    "memory": {"size": 0, "start": 0.0},
    "nmi": False,
    "rivals": [],
    "similarity": PLAIN,
}
# Each key with the type of its value. Of a tuple one must fit: a type, or the value itself. A list
# names the type of its items, a dictionary those of its entries.
KINDS: dict[str, Any] = {
    "dataset": dict,
    "transform": dict,
    "backbone": dict,
    "dim": (None, int),
    "pooling": POOLINGS,
    "neck": NECKS,
    "objective": dict,
    "similarity": dict,
    "rivals": [dict],
    "memory": {"size": (0, int), "start": float},
    "sampler": {"classes": int, "samples": int},
    "optimiser": dict,
    "proxy_rate": float,
    "schedule": {
        "warmup": float,
        "frozen": float,
        "decay": ("cosine", "step"),
        "milestones": [float],
        "gamma": float,
    },
    "epochs": int,
    "nmi": bool,
    "threads": int,
    "device": ("cpu", "cuda"),
}
_NAMED = {int: "a whole number from 1", float: "a number from 0", bool: "true or false"}


def known(key: str, keys: Any) -> str:
    """What to say of an unknown key: the nearest of `keys`, and all of them."""
    near = difflib.get_close_matches(key, list(keys), n=1)
    hint = f"Did you mean {near[0]!r}? " if near else ""
    return f"{hint}Known: {', '.join(keys)}."


def merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """`base` with `changes`; where both hold entries, these are merged in the same way."""
    result = copy.deepcopy(base)
    for key, value in changes.items():
        inside = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if inside else copy.deepcopy(value)
    return result


def resolved(config: dict[str, Any], where: str) -> tuple[dict[str, Any], list[str]]:
    """A configuration that holds every key, with each entry's options, and what to tell a user.

    Raises UserError for anything unknown or of a wrong type; `where` says which run it is.
    """
    for key, value in config.items():
        if key not in KINDS:
            raise UserError(f"{where}: unknown key {key!r}. {known(str(key), KINDS)}")
        check_values(value, f"{where}: {key}")
    config = {key: _typed(config.get(key), kind, f"{where}: {key}") for key, kind in KINDS.items()}
    schedule = config["schedule"]
    for stage in ("warmup", "frozen"):
        if schedule[stage] >= config["epochs"]:
            raise UserError(
                f"{where}: schedule.{stage}={schedule[stage]:g} leaves nothing of "
                f"epochs={config['epochs']}; lower it, such as schedule.{stage}=0"
            )
    if config["memory"]["start"] >= 1:
        raise UserError(f"{where}: memory.start is a share of training, below 1")

    told = []
    if config["backbone"].get("type") == "pretrained":
        config["backbone"], note = choose(config["backbone"])
        told = [note] if note else []
    config["dataset"] = resolve(DATASETS, config["dataset"], f"{where}: dataset")
    config["transform"] = resolve(TRANSFORMS, config["transform"], f"{where}: transform")
    config["backbone"] = resolve(BACKBONES, config["backbone"], f"{where}: backbone")
    config["rivals"] = [
        resolve(RIVALS, rival, f"{where}: rivals.{place}", given=("channels",))
        for place, rival in enumerate(config["rivals"])
    ]
    config["objective"] = _objective(config["objective"], f"{where}: objective")
    config["similarity"] = _similarity(
        config["similarity"], config["objective"], f"{where}: similarity"
    )
    if config["memory"]["size"] and config["objective"]["type"] in names(PROXY_OBJECTIVES):
        raise UserError(f"{where}: memory.size belongs to pair objectives; set it to 0")
    return config, told


def _objective(entry: dict[str, Any], where: str) -> dict[str, Any]:
    kind = entry.get("type")
    if kind != JOINT:
        both = [*names(PROXY_OBJECTIVES), *names(PAIR_OBJECTIVES), JOINT]
        if kind not in both:
            raise UserError(f"{where}: there is no objective {kind!r}. {known(str(kind), both)}")
        return resolve(registries(str(kind))[0], entry, where, given=("dim",))
    entry = {"weights": [1.0, 1.0], **entry}
    for key in entry:
        if key not in ("type", "proxy", "pair", "weights"):
            raise UserError(f"{where}: {JOINT} has no option {key!r}; it has proxy, pair, weights.")
    weights = _typed(entry["weights"], [float], f"{where}.weights")
    if len(weights) != 2 or not any(weights):
        raise UserError(f"{where}.weights is two numbers, not both 0, not {weights!r}")
    parts = {"proxy": PROXY_OBJECTIVES, "pair": PAIR_OBJECTIVES}
    return {
        "type": JOINT,
        "weights": weights,
        **{
            part: resolve(
                registry,
                _typed(entry.get(part), dict, f"{where}.{part}"),
                f"{where}.{part}",
                given=("dim",),
            )
            for part, registry in parts.items()
        },
    }


def _similarity(entry: dict[str, Any], objective: dict[str, Any], where: str) -> dict[str, Any]:
    if entry == PLAIN:
        return PLAIN
    if objective["type"] != JOINT:
        return resolve(registries(objective["type"])[1], entry, where)
    shared = {key: value for key, value in entry.items() if key not in ("proxy", "pair")}
    result = {"type": entry.get("type")}
    for part, registry in (("proxy", PROXY_MAPPINGS), ("pair", PAIR_MAPPINGS)):
        own = entry.get(part, {})
        result[part] = PLAIN
        if own is not None and own != PLAIN:
            own = _typed(own, dict, f"{where}.{part}")
            result[part] = resolve(registry, {**shared, **own}, f"{where}.{part}")
    return result


def _typed(value: Any, kind: Any, where: str) -> Any:
    """The value, if it is of the kind that its key wants."""
    if isinstance(kind, dict):
        if not isinstance(value, dict) or set(value) != set(kind):
            raise UserError(f"{where} must have just the options {', '.join(kind)}, not {value!r}")
        return {key: _typed(value[key], kind[key], f"{where}.{key}") for key in kind}
    if isinstance(kind, list):
        if not isinstance(value, list | tuple):
            raise UserError(f"{where} must be a list, not {value!r}")
        return [_typed(item, kind[0], f"{where}.{i}") for i, item in enumerate(value)]
    if isinstance(kind, tuple):
        fitting = [one for one in kind if _fits(value, one)]
        if not fitting:
            choices = " or ".join(_NAMED.get(one, repr(one)) for one in kind)
            raise UserError(f"{where} must be {choices}, not {value!r}")
        return value
    if not _fits(value, kind):
        raise UserError(f"{where} must be {_NAMED.get(kind, f'a {kind.__name__}')}, not {value!r}")
    return float(value) if kind is float else value


def _fits(value: Any, kind: Any) -> bool:
    """Whether a value is of a type, or the very value."""
    if not isinstance(kind, type):
        return bool(value == kind and isinstance(value, bool) == isinstance(kind, bool))
    if kind is bool or isinstance(value, bool):
        return kind is bool and isinstance(value, bool)
    if kind is float:
        return isinstance(value, int | float) and value >= 0
    if kind is int:
        return isinstance(value, int) and value >= 1
    return isinstance(value, kind)
