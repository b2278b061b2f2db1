"""Configuration entries as short text."""

from collections.abc import Mapping, Sequence
from typing import Any


def value_text(value: Any) -> str:
    """One value: numbers without trailing zeros, switches as on and off."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):
        return f"{value:g}"
    if value is None:
        return "none"
    if isinstance(value, Mapping):
        return "(" + entry_text(value) + ")"
    if isinstance(value, (list, tuple)):
        return ",".join(value_text(item) for item in value) or "none"
    return str(value)


def flatten(entry: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested entries by dotted names: `{"a": {"b": 1}}` gives `{"a.b": 1}`."""
    flat: dict[str, Any] = {}
    for name, value in entry.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat


def entry_text(entry: Mapping[str, Any]) -> str:
    """A configuration entry on one line, its type (or a DAM similarity's rule) first.

    >>> entry_text({"type": "dam", "rule": "quantile", "keep": 0.8, "joint": 0.0})
    'quantile keep=0.8 joint=0'
    >>> entry_text({"type": "joint", "pair": {"type": "triplet", "margin": 0.3}, "weights": [1, 2]})
    'joint weights=1,2 pair=(triplet margin=0.3)'
    >>> entry_text({"type": "plain"})
    'plain'
    """
    rest = dict(entry)
    leading = [str(rest.pop(name)) for name in ("type", "rule") if rest.get(name) is not None]
    if len(leading) == 2 and leading[0] == "dam":
        leading = leading[1:]
    # A rule's share of kept elements belongs next to the rule; entries in brackets come last.
    names = sorted(rest, key=lambda name: (name != "keep", isinstance(rest[name], Mapping)))
    return " ".join([*leading, *(f"{name}={value_text(rest[name])}" for name in names)])


def varying(entries: Sequence[Mapping[str, Any]]) -> list[str]:
    """For each of several entries, the settings in which they are not all alike.

    >>> varying([{"dim": 64, "optimiser": {"lr": 0.1}}, {"dim": 64, "optimiser": {"lr": 0.2}}])
    ['lr=0.1', 'lr=0.2']
    """
    flat = [flatten(entry) for entry in entries]
    names = list(dict.fromkeys(name for entry in flat for name in entry))
    differing = [name for name in names if len({value_text(one.get(name)) for one in flat}) > 1]
    short = {name: name.removesuffix(".type").rpartition(".")[2] for name in differing}
    # The last part of a dotted name is enough where no other setting ends alike.
    words = list(short.values())
    shown = {name: word if words.count(word) == 1 else name for name, word in short.items()}
    return [
        ", ".join(f"{shown[name]}={value_text(one[name])}" for name in differing if name in one)
        for one in flat
    ]


def exchange_text(entries: Mapping[str, Any]) -> str:
    """What an arm exchanges, given by name: the similarity, then each rival.

    >>> exchange_text({"similarity": {"type": "plain"}, "rivals": [{"type": "dropout", "p": 0.2}]})
    'plain; dropout p=0.2'
    """
    listed = [one for entry in entries.values() for one in _as_list(entry)]
    return "; ".join(entry_text(one) for one in listed)


def _as_list(entry: Any) -> list[Any]:
    return list(entry) if isinstance(entry, (list, tuple)) else [entry]


def change_text(entries: Mapping[str, Any], reference: Mapping[str, Any]) -> str:
    """The options in which one arm's exchanged entries differ from another's.

    >>> change_text({"similarity": {"keep": 0.5}}, {"similarity": {"keep": 0.8, "joint": 1}})
    'keep=0.5, joint=none'
    """
    own, theirs = flatten(entries), flatten(reference)
    differing = [name for name in own | theirs if own.get(name) != theirs.get(name)]
    texts = (f"{name.rpartition('.')[2]}={value_text(own.get(name))}" for name in differing)
    # The two parts of a joint objective change alike.
    return ", ".join(dict.fromkeys(texts))


def distinct(names: Sequence[str], entries: Sequence[Mapping[str, Any]]) -> list[str]:
    """Each name, with the settings in which its namesakes differ: "dam (keep=0.5)"."""
    labels = list(names)
    for name in set(names):
        places = [place for place, other in enumerate(names) if other == name]
        settings = varying([entries[place] for place in places])
        for place, differing in zip(places, settings, strict=True):
            labels[place] = f"{name} ({differing})" if differing else name
    return labels
