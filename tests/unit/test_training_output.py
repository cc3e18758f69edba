"""What a training prints, and how it ends when a number is not finite."""

import io
import re
import sys
import time
from dataclasses import replace
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from emotion.network.keras_setup import keras
from emotion.runtime.errors import UserError
from emotion.training import loop
from emotion.training.checkpoint import load_checkpoint
from emotion.training.loop import fit
from tests.support.learning import TRAIN, VALIDATION, small_network, train
from tests.support.parameters import train_params


def test_an_infinite_loss_is_one_line_that_names_epoch_and_rate(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"not finite in epoch \d; try a train\.lr under 10"):
        train(tmp_path / "c.npz", optimizer="sgd", lr=10.0, epochs=8)


def test_a_weight_that_is_no_number_ends_training_in_its_first_epoch_without_a_checkpoint(
    tmp_path: Path,
) -> None:
    network = small_network()
    *weights, bias = network.get_weights()
    bias[3] = np.nan
    network.set_weights([*weights, bias])
    with pytest.raises(UserError, match=r"not finite in epoch 1; try a train\.lr under 0\.01$"):
        fit(network, train_params(), TRAIN, VALIDATION, tmp_path / "c.npz", lambda entry: None)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("step", ["train_on_batch", "test_on_batch"])
@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_an_epoch_whose_loss_is_not_finite_on_either_split_is_named_and_leaves_no_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, number: float
) -> None:
    seen: list[dict[str, float]] = []
    sound = getattr(keras.Model, step)

    def diverging(model: keras.Model, *batch: np.ndarray, return_dict: bool) -> dict[str, float]:
        logs: dict[str, float] = sound(model, *batch, return_dict=return_dict)
        return logs | {"loss": number} if seen else logs

    monkeypatch.setattr(keras.Model, step, diverging)
    with pytest.raises(UserError, match=r"not finite in epoch 2; try a train\.lr under 0\.01$"):
        train(tmp_path / "c.npz", seen)
    saved = load_checkpoint(tmp_path / "c.npz")
    assert saved
    assert saved.history == seen
    assert len(seen) == 1


def test_a_line_is_printed_for_each_epoch_and_one_for_the_time_of_all(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train(tmp_path / "c.npz", epochs=2)
    *lines, last = capsys.readouterr().out.splitlines()
    assert [line.split("  accuracy")[0] for line in lines] == ["epoch  1/2", "epoch  2/2"]
    assert re.fullmatch(r"2 epochs in 0\.\d min", last)


def slow_clock(monkeypatch: pytest.MonkeyPatch, seconds: int) -> None:
    """Let that much time pass between two looks at the clock."""
    clock = SimpleNamespace(monotonic=count(0, seconds).__next__, perf_counter=time.perf_counter)
    monkeypatch.setattr(loop, "time", clock)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_each_epoch_has_a_progress_bar_that_is_gone_at_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    slow_clock(monkeypatch, seconds=100)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    train(tmp_path / "c.npz", epochs=2)
    assert "images of epoch" not in capsys.readouterr().out
    *drawn, blank, rest = terminal.getvalue().split("\r")
    bars = [re.match(r"(epoch +\d/2): +\d+%\|.* images/s", text) for text in drawn if text.strip()]
    assert list(dict.fromkeys(bar and bar[1] for bar in bars)) == ["epoch  1/2", "epoch  2/2"]
    assert blank.strip() == rest == ""


def test_without_a_terminal_there_is_no_progress_bar_but_a_line_every_half_minute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    slow_clock(monkeypatch, seconds=10)  # one look a step, and a second one at a line
    train(tmp_path / "c.npz", epochs=1)  # 70 images in steps of 16
    out, err = capsys.readouterr()
    assert err == ""
    assert out.splitlines()[0] == "48 of 70 images of epoch  1/1"
    assert out.count("images of epoch") == 1


def test_an_epoch_of_less_than_half_a_minute_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    slow_clock(monkeypatch, seconds=5)
    train(tmp_path / "c.npz", epochs=1)
    assert "images of epoch" not in capsys.readouterr().out


def test_the_time_of_a_resumed_training_is_that_of_all_its_epochs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint = tmp_path / "c.npz"
    train(checkpoint, epochs=1)
    saved = load_checkpoint(checkpoint)
    assert saved
    assert 0 < saved.seconds < 60
    replace(saved, seconds=3600.0).save(checkpoint)
    train(checkpoint, epochs=2)
    assert "2 epochs in 60." in capsys.readouterr().out
