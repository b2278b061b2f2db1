"""One owner a run: who gets it, who is told so, and when it may be taken over."""

import errno
import json
import multiprocessing
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from benchmark.durable import write_json
from benchmark.suite.store import claims
from benchmark.suite.store.claims import Claim, ClaimLostError, Owner, claim, owner_of


def claimed(folder: Path) -> Claim:
    found = claim(folder)
    assert isinstance(found, Claim)
    return found


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def elsewhere(path: Path, age: float) -> None:
    """Let a claim be one of another machine, last renewed `age` seconds ago."""
    content = json.loads(path.read_text())
    write_json(path, content | {"machine": "other boot", "host": "other"})
    then = time.time() - age
    os.utime(path, (then, then))


def test_a_claim_keeps_others_out_until_it_is_released(tmp_path: Path) -> None:
    with claimed(tmp_path) as ours:
        ours.check()
        other = claim(tmp_path)
        assert isinstance(other, Owner)
        assert other.process == os.getpid()
        assert str(other) == f"process {os.getpid()} on {other.host}"
        found = owner_of(tmp_path)
        assert found is not None and found[0] == ours.owner and 0 <= found[1] < 60
    assert owner_of(tmp_path) is None
    with claimed(tmp_path) as again:
        assert again.path.name == "claim-000002.json"
        assert files(tmp_path) == ["claim-000002.json"]
        again.release(for_good=True)
    assert files(tmp_path) == []


def test_an_owner_that_is_gone_is_followed_at_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    process = context.Process(target=_claim_and_die, args=(tmp_path,))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert files(tmp_path) == ["claim-000001.json"]
    with claimed(tmp_path):
        assert files(tmp_path) == ["claim-000002.json"]


def _claim_and_die(folder: Path) -> None:
    claimed(folder)
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_number_that_another_process_has_now_is_not_its_owner(tmp_path: Path) -> None:
    path = claimed(tmp_path).path
    write_json(path, json.loads(path.read_text()) | {"born": "0"})
    assert owner_of(tmp_path) is None


def test_another_machine_is_followed_when_its_heart_stopped(tmp_path: Path) -> None:
    ours = claimed(tmp_path)
    elsewhere(ours.path, claims.STALE_SECONDS - 30)
    other = claim(tmp_path)
    assert isinstance(other, Owner) and other.host == "other"
    elsewhere(ours.path, claims.STALE_SECONDS + 30)
    with claimed(tmp_path):
        with pytest.raises(ClaimLostError):
            ours.check()
        ours.release()  # writes nothing any more
        assert files(tmp_path) == ["claim-000002.json"]


def test_the_heart_beats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "HEARTBEAT_SECONDS", 0.02)
    with claimed(tmp_path) as ours:
        elsewhere(ours.path, 1000)
        deadline = time.monotonic() + 20
        while owner_of(tmp_path) is None:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert isinstance(claim(tmp_path), Owner)


@pytest.mark.parametrize("content", ["", "[]", "{}", "[" * 100_000, '{"host": 3}'])
def test_a_damaged_claim_ends_with_its_time(content: str, tmp_path: Path) -> None:
    path = tmp_path / "claim-000004.json"
    path.write_text(content)
    assert isinstance(claim(tmp_path), Owner)
    then = time.time() - claims.STALE_SECONDS - 30
    os.utime(path, (then, then))
    assert claimed(tmp_path).path.name == "claim-000005.json"


def test_a_disk_without_links_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(source: Path, target: Path) -> None:
        raise OSError(errno.EPERM, "Operation not permitted", str(target))

    monkeypatch.setattr(os, "link", refuse)
    with claimed(tmp_path) as ours:
        found = owner_of(tmp_path)
        assert found is not None and found[0] == ours.owner
        assert not claims._create(ours.path, {})


def test_one_of_many_gets_it(tmp_path: Path) -> None:
    """Twelve processes want each of twenty runs, half of which somebody left behind."""
    for place in range(0, 20, 2):
        dead = claimed(tmp_path / str(place))
        write_json(dead.path, json.loads(dead.path.read_text()) | {"born": "0"})
    context = multiprocessing.get_context("fork")
    results: Any = context.Queue()
    start = context.Barrier(12)
    processes = [
        context.Process(target=_claim_all, args=(tmp_path, start, results)) for _ in range(12)
    ]
    for process in processes:
        process.start()
    won = [results.get(timeout=60) for _ in processes]
    for process in processes:
        process.join()
    assert sorted(place for places in won for place in places) == list(range(20))


def _claim_all(out: Path, start: Any, results: Any) -> None:
    held = []
    for place in range(20):
        start.wait(timeout=60)
        if isinstance(claim(out / str(place)), Claim):
            held.append(place)
    results.put(held)
    start.wait(timeout=60)  # an owner that ended would be followed


def test_who_comes_late_withdraws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It judged claim 1, which went; 2 came, was released and went too; now there is 3."""
    dead = claimed(tmp_path)
    write_json(dead.path, json.loads(dead.path.read_text()) | {"born": "0"})
    created = claims._create

    def slowly(path: Path, content: dict[str, Any]) -> bool:
        monkeypatch.setattr(claims, "_create", created)
        claimed(tmp_path).release()
        claimed(tmp_path)
        assert files(tmp_path) == ["claim-000003.json"]
        return created(path, content)

    monkeypatch.setattr(claims, "_create", slowly)
    late = claim(tmp_path)
    assert isinstance(late, Owner)
    assert files(tmp_path) == ["claim-000003.json"]
