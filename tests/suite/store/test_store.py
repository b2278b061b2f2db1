"""What is read back of a run, and what is said of files that can't be read or written."""

import errno
import json
from pathlib import Path
from typing import Any

import pytest
from run_configs import run_config

from benchmark.durable import write_json, write_text
from benchmark.errors import UserError
from benchmark.suite.store.runs import check_writable, identity, read_run, read_runs, run_folder
from benchmark.suite.store.sealing import sealed

CONFIG: dict[str, Any] = run_config().as_json()
RESULT: dict[str, Any] = {
    "state": "finished",
    "metrics": {"recall@1": 0.5, "nmi": float("nan")},
    "history": [{"epoch": 1, "loss": 2.0, "seconds": 1.0}],
    "dataset": {"name": "d", "train_classes": 3},
}


def stored(out: Path, config: Any = CONFIG, result: Any = RESULT, environment: Any = None) -> Path:
    folder = run_folder(out, identity(config))
    write_json(folder / "config.json", config)
    write_json(folder / "result.json", result)
    if environment is not None:
        write_json(folder / "environment.json", environment)
    return folder


def test_a_run_is_read_as_it_was_written(tmp_path: Path) -> None:
    run = read_run(stored(tmp_path, environment={"commit": "a"}))
    assert (run.id, run.state, run.config) == (identity(CONFIG), "finished", run_config())
    assert run.history[0].loss == 2.0
    assert run.environment.commit == "a"


@pytest.mark.parametrize(
    ("result", "told"),
    [
        ([], r"it must be a dict, not \[\]"),
        (None, "it must be a dict, not None"),
        ({}, "state is missing; it must be 'finished' or 'failed' or 'interrupted'"),
        ({"state": "done"}, "state must be 'finished' or .*'not run', not 'done'"),
        ({"state": ["finished"]}, "state must be 'finished'"),
        (RESULT | {"colour": 1}, "unknown key 'colour'"),
        (RESULT | {"history": [[]]}, r"history.0 must be a dict, not \[\]"),
        (RESULT | {"history": [None]}, "history.0 must be a dict, not None"),
        (RESULT | {"history": None}, "history must be a list, each item a dict, not None"),
        (RESULT | {"history": [{"epoch": 1}]}, "history.0.loss is missing; it must be a number"),
        (RESULT | {"metrics": {"recall@1": "much"}}, "metrics.recall@1 must be a number"),
        (RESULT | {"metrics": {"recall@1": float("inf")}}, "metrics.recall@1: a finite number"),
        (RESULT | {"digests": {"batches": 3}}, "digests.batches must be a string, not 3"),
        (RESULT | {"dataset": {"train_classes": "many"}}, "dataset.train_classes must be a whole"),
        (RESULT | {"timing": []}, r"timing must be a dict, not \[\]"),
        (RESULT | {"error": 3}, "error must be a string or none, not 3"),
    ],
)
def test_a_result_of_another_shape_is_refused(tmp_path: Path, result: Any, told: str) -> None:
    with pytest.raises(UserError, match=rf"result\.json can't be read \({told}.*Remove the folder"):
        read_run(stored(tmp_path, result=result))


def without(key: str) -> dict[str, Any]:
    return {name: value for name, value in CONFIG.items() if name != key}


@pytest.mark.parametrize(
    ("config", "told"),
    [
        (without("objective"), "objective is missing; it must be a dict"),
        (without("seed"), "seed is missing; it must be a whole number from 0"),
        (CONFIG | {"objective": "o"}, "objective must be a dict, not 'o'"),
        (CONFIG | {"objective": {"scale": 1}}, "objective.type is missing"),
        (CONFIG | {"similarity": None}, "similarity must be a dict, not None"),
        (CONFIG | {"rivals": [3]}, "rivals.0 must be a dict, not 3"),
        (CONFIG | {"seed": "0"}, "seed must be a whole number from 0 .*, not '0'"),
        (CONFIG | {"sampler": 3}, "sampler must be a dict, not 3"),
    ],
)
def test_a_configuration_of_another_shape_is_refused(
    tmp_path: Path, config: Any, told: str
) -> None:
    with pytest.raises(UserError, match=rf"config\.json can't be read \({told}.*Remove the folder"):
        read_run(stored(tmp_path, config))


def test_numbers_that_a_hash_can_not_be_taken_of_are_refused(tmp_path: Path) -> None:
    folder = stored(tmp_path)
    (folder / "config.json").write_text(json.dumps(CONFIG | {"proxy_rate": float("nan")}))
    with pytest.raises(UserError, match=r"config\.json can't be read"):
        read_run(folder)


def test_what_only_a_parser_breaks_at_is_refused(tmp_path: Path) -> None:
    folder = stored(tmp_path)
    for damage in ("[" * 100_000, '{"seed": ' + "9" * 5_000 + "}", '{"seed": ' + "9" * 400 + "}"):
        (folder / "config.json").write_text(damage)
        with pytest.raises(UserError, match=r"config\.json can't be read"):
            read_run(folder)


def test_a_run_from_before_a_key_was_added_keeps_its_name(tmp_path: Path) -> None:
    run = read_run(stored(tmp_path, without("nmi")))
    assert run.config == run_config(nmi=False)
    assert run.id == identity(without("nmi")) != identity(CONFIG)


def test_an_environment_of_another_shape_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"environment\.json can't be read"):
        read_run(stored(tmp_path, environment=[]))


def test_a_folder_that_its_configuration_is_not_named_by_is_refused(tmp_path: Path) -> None:
    folder = stored(tmp_path)
    write_json(folder / "config.json", CONFIG | {"seed": 1})
    with pytest.raises(UserError, match=rf"isn't named {identity(CONFIG | {'seed': 1})}"):
        read_run(folder)


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        (errno.ENOSPC, "Make room on that disk"),
        (errno.EROFS, "Make its folder writable"),
        (errno.EACCES, "Make its folder writable"),
    ],
)
def test_what_can_not_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, remedy: str
) -> None:
    def fail(path: Path, content: bytes) -> None:
        raise OSError(code, "no reason", str(path))

    monkeypatch.setattr(Path, "write_bytes", fail)
    told = rf"{tmp_path / 'a'} can't be written \(no reason\)\. {remedy}, or give another folder"
    with pytest.raises(UserError, match=told):
        write_text(tmp_path / "a", "text")
    with pytest.raises(UserError, match=rf"{tmp_path} can't be written"):
        check_writable(tmp_path)


def test_checking_leaves_nothing_behind(tmp_path: Path) -> None:
    check_writable(tmp_path / "new" / "folder")
    assert list((tmp_path / "new" / "folder").iterdir()) == []


def test_damaged_entries_are_named_and_the_others_read(tmp_path: Path) -> None:
    sound = stored(tmp_path)
    cut = stored(tmp_path, CONFIG | {"seed": 1})
    (cut / "result.json").write_text('{"state": ')
    nested = stored(tmp_path, CONFIG | {"seed": 2})
    (nested / "config.json").write_text("[" * 100_000)
    digits = stored(tmp_path, CONFIG | {"seed": 3})
    (digits / "result.json").write_text(
        '{"state": "finished", "timing": {"a": ' + "9" * 5000 + "}}"
    )
    changed = stored(tmp_path, CONFIG | {"seed": 4})
    write_json(changed / "result.json", sealed(RESULT, changed))
    text = (changed / "result.json").read_text()
    (changed / "result.json").write_text(text.replace("0.5", "0.6"))
    (tmp_path / "runs" / "without").mkdir()
    attempts = stored(tmp_path, CONFIG | {"seed": 5})
    (attempts / "attempts.json").write_text('[{"host": 1}]')
    found = read_runs(tmp_path)
    assert [run.folder for run in found.runs] == [sound]
    damage = [one.reason for one in found.damaged]
    for folder in (cut, nested, digits, changed, tmp_path / "runs" / "without", attempts):
        assert sum(str(folder) in sentence for sentence in damage) == 1
    assert any("its checksum is wrong" in sentence for sentence in damage)
    (sound / "config.json").unlink()
    with pytest.raises(UserError, match="6 more can't be read either"):
        read_runs(tmp_path)


def test_a_sealed_result_is_read_and_numbers_survive(tmp_path: Path) -> None:
    folder = stored(tmp_path)
    result = sealed(RESULT | {"metrics": {"recall@1": 1 / 3, "nmi": float("nan")}}, folder)
    write_json(folder / "result.json", result)
    run = read_run(folder)
    assert run.metrics["recall@1"] == 1 / 3
    assert run.result.checksum == result["checksum"]


def test_what_changed_between_attempts_is_told(tmp_path: Path) -> None:
    folder = stored(tmp_path)

    def attempt(resumed: bool, **environment: Any) -> dict[str, Any]:
        return {
            "host": "a",
            "process": 1,
            "started": "2026-01-01T00:00:00+00:00",
            "environment": environment,
            "resumed": resumed,
        }

    write_json(
        folder / "attempts.json",
        [
            attempt(False, commit="old", torch="2.5"),  # begun anew since, so it doesn't count
            attempt(False, commit="a", torch="2.6", threads=1),
            attempt(True, commit="b", torch="2.6", threads=1),
            attempt(True, commit="a", torch="2.6", device_name="cpu", threads=1),
        ],
    )
    assert read_run(folder).changed_between_attempts() == [
        "made in 3 attempts with another commit: a, then b",
        "made in 3 attempts with another device name: unknown, then cpu",
    ]
