"""What a training prints, and what a program reads in it, stand for each other."""

import pytest

from emotion.training.progress import End, Epoch, line, parse

SCORES = {"accuracy": 0.5, "loss": 1.25, "val_accuracy": 0.4375, "val_loss": 2.0}


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (
            Epoch(3, 50, SCORES),
            "epoch  3/50  accuracy 0.5000  loss 1.2500  val_accuracy 0.4375  val_loss 2.0000",
        ),
        (Epoch(123, 125, {"loss": 0.0001}), "epoch 123/125  loss 0.0001"),
        (End(41, 70.5), "41 epochs in 70.5 min"),
    ],
)
def test_a_line_is_read_as_what_it_was_written_from(event: Epoch | End, text: str) -> None:
    assert line(event) == text
    assert parse(text) == event


@pytest.mark.parametrize(
    "text",
    [
        "",
        "resuming after epoch 2 (.checkpoints/0123)",
        "best epoch 36 of 41: models/emotion.keras",
        "epoch  3/50",
        "epoch  3/50:  45%|####5     | 100/222 [00:01<00:01, 99.50 images/s]",
        "the epoch  3/50  accuracy 0.5000",
    ],
)
def test_other_lines_are_no_progress(text: str) -> None:
    assert parse(text) is None
