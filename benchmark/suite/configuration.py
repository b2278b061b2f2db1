"""One run's settings: put together, checked, and completed with the defaults of what they name."""

from typing import Any

from mmengine.config import ConfigDict
from mmengine.registry import OPTIMIZERS, Registry

from benchmark.entries import JOINT, PLAIN, Entry, JointObjective, JointSimilarity
from benchmark.errors import UserError
from benchmark.models.backbones.frozen import FROZEN, MADE_ONCE, TAIL, network_entry
from benchmark.models.backbones.pretrained import choose
from benchmark.models.initial import with_digest
from benchmark.registry import (
    BACKBONES,
    DATASETS,
    PAIR_MAPPINGS,
    PAIR_OBJECTIVES,
    PROXY_MAPPINGS,
    PROXY_OBJECTIVES,
    RIVALS,
    TRANSFORMS,
    checked_options,
    find,
    names,
    objective_registries,
    resolve,
)
from benchmark.run_config import Settings
from benchmark.training.arithmetic import with_fused
from benchmark.validation import known, shown, validated

GIVEN = {
    "rivals": ("channels",),
    "objective": ("dim",),
    "optimiser": ("params",),
}
"""Parameters that no configuration holds, because whoever builds the class gives them."""


def merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """`base` with `changes`, as mmengine merges: entries go into entries, all else is replaced.

    An entry with `_delete_=True` replaces the one in `base`.
    """
    result = ConfigDict(base)
    result.merge(ConfigDict(changes))
    found: dict[str, Any] = result.to_dict()
    return found


def resolved(config: dict[str, Any], where: str) -> tuple[Settings, list[str]]:
    """Settings that hold every key, with each entry's options, and notes for the user.

    Raises UserError for anything unknown, of a wrong type or out of range; `where` says which run
    it is.
    """
    settings = validated(Settings, _shared_similarity(config), where)
    notes = []
    backbone = resolve(BACKBONES, settings.backbone, f"{where}: backbone")
    if backbone.type == "pretrained":
        backbone, note = choose(backbone)
        notes = [note] if note else []
    backbone = resolve(BACKBONES, backbone, f"{where}: backbone")
    if backbone.type in MADE_ONCE:
        backbone = _made_once(settings, backbone, where)
    objective = _objective(settings.objective, f"{where}: objective")
    if settings.memory.size and objective.type in names(PROXY_OBJECTIVES):
        raise UserError(f"{where}: memory.size belongs to pair objectives; set it to 0")
    complete = {
        "init": settings.init and with_digest(settings.init, where),
        "dataset": resolve(DATASETS, settings.dataset, f"{where}: dataset"),
        "transform": resolve(TRANSFORMS, settings.transform, f"{where}: transform"),
        "backbone": backbone,
        "rivals": tuple(
            resolve(RIVALS, rival, f"{where}: rivals.{place}", GIVEN["rivals"])
            for place, rival in enumerate(settings.rivals)
        ),
        "objective": objective,
        "similarity": _similarity(settings.similarity, objective, f"{where}: similarity"),
        "optimiser": _optimiser(settings.optimiser, f"{where}: optimiser"),
    }
    return settings.model_copy(update=complete), notes


def _made_once(settings: Settings, backbone: Entry, where: str) -> Entry:
    """The entry with its network complete. Raises UserError for what needs images in training."""
    network = network_entry(backbone.options["network"], f"{where}: backbone")
    completed: dict[str, Any] = {"network": network.model_dump(mode="json")}
    if backbone.type == TAIL:
        for rival in settings.rivals:
            if getattr(find(RIVALS, rival.type, f"{where}: rivals"), "place", "") == "image":
                raise UserError(
                    f"{where}: rivals: {rival.type} acts on images, and backbone.type=tail trains "
                    "on maps alone; leave it out"
                )
        kind = find(BACKBONES, network.type, where)
        completed["stage"] = backbone.options["stage"] or getattr(kind, "last_halving", None)
        return Entry.of(TAIL, **backbone.options | completed)
    if settings.rivals or settings.pooling != "avg":
        key = "rivals" if settings.rivals else "pooling"
        raise UserError(
            f"{where}: {key} acts on images or maps, and backbone.type=frozen trains on features "
            f"alone; leave {key} out" + "; its pooling is backbone.pooling" * (key == "pooling")
        )
    return Entry.of(FROZEN, **backbone.options | completed)


def _objective(entry: Entry | JointObjective, where: str) -> Entry | JointObjective:
    if isinstance(entry, JointObjective):
        parts = {
            part: resolve(registry, getattr(entry, part), f"{where}.{part}", GIVEN["objective"])
            for part, registry in (("proxy", PROXY_OBJECTIVES), ("pair", PAIR_OBJECTIVES))
        }
        return entry.model_copy(update=parts)
    both = [*names(PROXY_OBJECTIVES), *names(PAIR_OBJECTIVES), JOINT]
    if entry.type not in both:
        raise UserError(
            f"{where}: there is no objective {shown(entry.type)}. {known(entry.type, both)}"
        )
    return resolve(objective_registries(entry.type)[0], entry, where, GIVEN["objective"])


def _shared_similarity(config: dict[str, Any]) -> dict[str, Any]:
    """The configuration with a joint objective's similarity split into those of its parts.

    Options beside `proxy` and `pair` are both parts'; a part that is None is plain.
    """
    objective, similarity = config.get("objective"), config.get("similarity")
    joint = isinstance(objective, dict) and objective.get("type") == JOINT
    if not joint or not isinstance(similarity, dict) or similarity == PLAIN.model_dump():
        return config
    shared = {key: value for key, value in similarity.items() if key not in ("proxy", "pair")}
    parts: dict[str, Any] = {"type": similarity.get("type")}
    for part in ("proxy", "pair"):
        own = similarity.get(part, {})
        if own is None:
            own = PLAIN.model_dump()
        plain = own == PLAIN.model_dump() or not isinstance(own, dict)
        parts[part] = own if plain else {**shared, **own}
    return {**config, "similarity": parts}


def _similarity(
    entry: Entry | JointSimilarity, objective: Entry | JointObjective, where: str
) -> Entry | JointSimilarity:
    if isinstance(entry, JointSimilarity):
        parts = {
            part: _mapping(registry, getattr(entry, part), f"{where}.{part}")
            for part, registry in (("proxy", PROXY_MAPPINGS), ("pair", PAIR_MAPPINGS))
        }
        return entry.model_copy(update=parts)
    return _mapping(objective_registries(objective.type)[1], entry, where)


def _mapping(registry: Registry, entry: Entry, where: str) -> Entry:
    return entry if entry == PLAIN else resolve(registry, entry, where)


def _optimiser(entry: Entry, where: str) -> Entry:
    """The entry with its options checked, and fused where torch can; torch's defaults stay out."""
    # mmengine's own look-up imports what a dotted name says.
    kind = OPTIMIZERS.module_dict.get(entry.type)
    if kind is None:
        raise UserError(
            f"{where}.type: torch has none named {shown(entry.type)}. "
            f"{known(entry.type, sorted(OPTIMIZERS.module_dict))}"
        )
    options = checked_options(kind, entry, where, GIVEN["optimiser"])
    given = options.model_dump(mode="json", exclude_unset=True)
    return Entry.of(entry.type, **with_fused(entry.type, given))
