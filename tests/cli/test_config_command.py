"""The command config: the reference page and the JSON schema."""

import json

import pytest

from benchmark.__main__ import main
from benchmark.registry import DATASETS, PAIR_OBJECTIVES, PROXY_OBJECTIVES, RIVALS, names
from benchmark.run_config import Settings


def printed(capsys: pytest.CaptureFixture[str], flag: str) -> str:
    assert main(["config", flag]) == 0
    return capsys.readouterr().out


def test_the_reference_names_every_key_and_every_class(
    capsys: pytest.CaptureFixture[str],
) -> None:
    page = printed(capsys, "--reference")
    for key in Settings.model_fields:
        assert f"| `{key}` |" in page or f"| `{key}." in page, key
    for registry in (DATASETS, PROXY_OBJECTIVES, PAIR_OBJECTIVES, RIVALS):
        for name in names(registry):
            assert f"\n`{name}`: " in page, name
    assert "| `schedule.decay` | 'cosine' or 'step' | `cosine` | How the rate falls" in page
    assert "| `scale` | a number | `20.0` |" in page
    assert "`dim`" in page and "| `channels` |" not in page
    assert max(map(len, page.splitlines())) < 400


def test_the_schema_takes_what_the_model_takes(capsys: pytest.CaptureFixture[str]) -> None:
    schema = json.loads(printed(capsys, "--schema"))
    properties = schema["properties"]
    assert properties["epochs"]["minimum"] == 1
    kinds = {
        one["properties"]["type"]["const"]: one["properties"]
        for one in properties["objective"]["anyOf"]
    }
    assert set(kinds) == {*names(PROXY_OBJECTIVES), *names(PAIR_OBJECTIVES), "joint"}
    assert kinds["norm_softmax"]["scale"]["default"] == 20.0
    optimisers = {one["title"]: one for one in properties["optimiser"]["anyOf"]}
    assert "params" not in optimisers["AdamW"]["properties"]
    assert optimisers["AdamW"]["additionalProperties"] is False


def test_one_of_the_two_is_wanted(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config"]) == 2
    assert "one of the arguments --schema --reference is required" in capsys.readouterr().err
    assert main(["config", "--schema", "epochs=2"]) == 2
    assert "'config' takes no 'epochs=2'" in capsys.readouterr().err
