"""What the findings of a check amount to."""

from benchmark.data.upkeep.check import Finding, Findings

NOTHING = dict.fromkeys(("missing", "unreadable", "truncated", "duplicate", "unlisted"), 0)


def number(findings: Findings) -> dict[str, int]:
    """How many findings there are of each kind."""
    return {kind: len(found) for kind, found in findings.by_kind.items()}


def only(findings: Findings, kind: str) -> tuple[Finding, ...]:
    """The findings of a kind, where there are none of another."""
    assert not findings.ok
    found = findings.by_kind[kind]
    assert number(findings) == {**NOTHING, kind: len(found)}
    return found
