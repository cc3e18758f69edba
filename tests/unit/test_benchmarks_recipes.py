"""The benchmark of one recipe against another, on a handful of faces and by a clock of the test's."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmarks import recipes
from emotion.config.recipes import find_row
from emotion.config.schema import load_params
from tests.support.parameters import write_params

FACES = 18


@pytest.fixture(autouse=True)
def parameters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_params(tmp_path)
    monkeypatch.chdir(tmp_path)
    # Other tests may have computed in this process already, with other threads
    monkeypatch.setattr(recipes, "use_threads", lambda number: None)


def clock(*ends: float) -> SimpleNamespace:
    """Return a clock that shows these seconds, one after the other."""
    shown = iter(ends)
    return SimpleNamespace(perf_counter=lambda: next(shown))


def test_the_second_epochs_on_small_and_on_whole_faces_stand_for_all_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recipes, "time", clock(100, 110, 300, 330))
    params = load_params(changes=find_row("fast-random").settings)
    assert recipes.minutes(params, FACES) == pytest.approx((6 * 10 + 4 * 30) / 60 * recipes.FACES / FACES)


def test_both_recipes_are_timed_in_every_round(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    timed = []

    def minutes(params: dict[str, SimpleNamespace], faces: int) -> float:
        timed.append(params["train"].precision)
        return {"bfloat16": 2, "float32": 4}[params["train"].precision] + len(timed) // 2

    monkeypatch.setattr(recipes, "minutes", minutes)
    monkeypatch.setattr(sys, "argv", ["recipes", "fast-bfloat16", "fast"])
    recipes.main()
    assert timed == ["bfloat16", "float32"] * recipes.ROUNDS
    assert capsys.readouterr().out == (
        "| a training with the recipe fast-bfloat16 | 3 min (2 to 4) | fast: 6 min (5 to 7) | 0.50 | none |\n"
    )
