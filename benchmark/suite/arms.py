"""Arms: the sides of a comparison, and all that they may differ in."""

from typing import Any

from benchmark.errors import UserError

BASELINE, DAM = "baseline", "dam"
EXCHANGED = ("similarity", "rivals")
"""The entries of a configuration in which the two runs of a pair may differ."""


def check_arms(arms: dict[Any, Any], where: str) -> None:
    """Raise UserError unless each arm has a name and exchanges entries of `EXCHANGED` alone.

    Runs that differ in anything else are no pair, so they would be trained for nothing.
    """
    for name, exchanged in arms.items():
        if not isinstance(name, str) or not name:
            raise UserError(f"{where}: an arm's name is a text, not {name!r}")
        if not isinstance(exchanged, dict):
            raise UserError(
                f"{where}: arms.{name} is a dict of what it exchanges, such as "
                f"dict(similarity=dict(type='dam')), not {exchanged!r}"
            )
        for key in exchanged:
            if key not in EXCHANGED:
                raise UserError(
                    f"{where}: arms.{name} exchanges {key!r}, but an arm exchanges "
                    f"{' or '.join(EXCHANGED)}; other settings go in a case's 'changes'"
                )
