import csv
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emotion.data.duplicates import unseen
from emotion.data.storage import SPLITS, Split, load_split, save_split
from emotion.evaluation.maps import load_maps
from emotion.explain.grad_cam import GradCAM
from emotion.labels import CLASSES
from emotion.network.keras_setup import keras
from emotion.network.model import from_pixels, predict, save_model
from emotion.runtime.errors import UserError
from emotion.source.ferplus import HEADER
from stages import evaluate
from tests.support.parameters import write_params
from tests.support.votes import votes_of

ROWS = 30
OPTIONS = ["--predictions", "--per-class", "--calibration", "--maps"]
TABLES = ["predictions.csv", "per_class.csv", "calibration.csv", "maps.npz"]
PARAMS = {"bootstrap": 200, "ece_bins": 5, "floor": {"accuracy": None, "macro_f1": None}}
SEEN = 4  # the first test rows stand in train or validation, too


@pytest.fixture(scope="module")
def model() -> keras.Model:
    """A tiny untrained network of the shape that the stage expects."""
    keras.utils.set_random_seed(0)
    inputs = keras.layers.Input((48, 48, 1))
    x = keras.layers.Conv2D(2, 3, strides=8, activation="relu")(inputs)
    x = keras.layers.Flatten()(x)
    return from_pixels(keras.Model(inputs, keras.layers.Dense(len(CLASSES), activation="softmax")(x)))


@pytest.fixture
def run(tmp_path: Path, model: keras.Model, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the model, the splits and params.yaml; it is where the stage runs."""
    rng = np.random.default_rng(0)
    images = {name: rng.integers(0, 256, (ROWS, 48, 48, 1), np.uint8) for name in SPLITS}
    images["train"][:2] = images["test"][:2]
    images["validation"][-2:] = images["test"][2:SEEN]
    for name in SPLITS:
        (tmp_path / name).mkdir()
        labels = rng.integers(0, len(CLASSES), ROWS).astype(np.uint8)
        rows = rng.permutation(ROWS).astype(np.int32)
        save_split(tmp_path / name, Split(images[name], labels, rows))
    save_model(model, tmp_path / "emotion.keras")
    write_params(tmp_path, evaluate=PARAMS)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "votes.csv").write_bytes(HEADER)
    inputs = [
        "--model",
        "emotion.keras",
        "--votes",
        "votes.csv",
        *(word for name in SPLITS for word in (f"--{name}", name)),
    ]
    tables = [word for option, path in zip(OPTIONS, TABLES, strict=True) for word in (option, path)]
    monkeypatch.setattr(sys, "argv", ["evaluate", *inputs, "--metrics", "metrics/evaluation.json", *tables])
    return tmp_path


def outputs(run: Path) -> list[bytes]:
    return [(run / name).read_bytes() for name in ("metrics/evaluation.json", *TABLES)]


def test_metrics_and_predictions_are_those_of_the_model(run: Path, model: keras.Model) -> None:
    evaluate.main()
    test = load_split(run / "test")
    expected = model.predict(np.asarray(test.images), verbose=0)
    with (run / "predictions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["row"]) for row in rows] == test.rows.tolist()
    assert [row["actual"] for row in rows] == [CLASSES[label] for label in test.labels]
    assert [row["predicted"] for row in rows] == [CLASSES[label] for label in expected.argmax(axis=1)]
    assert [float(row["confidence"]) for row in rows] == pytest.approx(expected.max(axis=1), abs=2e-6)

    metrics = json.loads((run / "metrics/evaluation.json").read_text())
    assert metrics["accuracy"] == round(float((expected.argmax(axis=1) == test.labels).mean()), 4)


def test_clean_rows_leave_out_exact_copies_in_train_and_validation(run: Path) -> None:
    test, *seen = (load_split(run / name) for name in ("test", "train", "validation"))
    assert unseen(test.images, *(split.images for split in seen)).tolist() == [False] * SEEN + [True] * (
        ROWS - SEEN
    )
    evaluate.main()
    assert json.loads((run / "metrics/evaluation.json").read_text())["clean"]["rows"] == ROWS - SEEN


def test_near_clean_rows_leave_out_images_that_look_like_a_seen_one_too(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train = load_split(run / "train")
    lighter = np.asarray(train.images) // 2
    lighter[2:5] = load_split(run / "test").images[SEEN : SEEN + 3] // 4 * 3 + 20
    save_split(run / "train", replace(train, images=lighter))
    write_params(run, evaluate=PARAMS | {"near_distance": 4})
    evaluate.main()
    metrics = json.loads((run / "metrics/evaluation.json").read_text())
    assert metrics["clean"]["rows"] == ROWS - 2  # the two whose copies are in validation
    assert metrics["near_clean"]["rows"] == ROWS - SEEN - 3
    accuracy = metrics["near_clean"]["accuracy"]
    assert f"accuracy {accuracy} on the {ROWS - SEEN - 3} near-clean ones" in capsys.readouterr().out


def test_a_test_split_of_copies_alone_is_said_to_have_no_clean_row(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_split(run / "train", load_split(run / "test"))
    evaluate.main()
    assert json.loads((run / "metrics/evaluation.json").read_text())["clean"]["rows"] == 0
    shown = capsys.readouterr().out
    assert "no clean ones: not in train or validation" in shown
    assert "None" not in shown


def test_the_table_of_the_classes_has_a_row_for_each_and_the_scores_of_the_metrics(run: Path) -> None:
    evaluate.main()
    metrics = json.loads((run / "metrics/evaluation.json").read_text())
    with (run / "per_class.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["class", "precision", "recall", "f1", "support"]
    table = {row.pop("class"): {name: round(float(value), 4) for name, value in row.items()} for row in rows}
    assert table == metrics["per_class"]
    assert sum(scores["support"] for scores in table.values()) == ROWS


def test_calibration_file_covers_every_test_row(run: Path) -> None:
    evaluate.main()
    with (run / "calibration.csv").open(newline="") as file:
        bins = list(csv.DictReader(file))
    assert list(bins[0]) == ["low", "high", "rows", "confidence", "accuracy"]
    assert sum(int(row["rows"]) for row in bins) == ROWS


def test_the_most_confident_mistakes_come_with_what_spoke_for_them(
    run: Path, model: keras.Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluate, "EXPLAINED", 5)
    evaluate.main()
    test = load_split(run / "test")
    says = predict(model, test.images)
    wrong = np.flatnonzero(says.argmax(axis=1) != test.labels)
    surest = wrong[np.argsort(-says.max(axis=1)[wrong], kind="stable")][:5]
    maps = load_maps(run / "maps.npz")
    assert list(maps) == test.rows[surest].tolist()
    expected = GradCAM(model)(test.images[surest], says.argmax(axis=1)[surest])
    assert np.stack(list(maps.values())) == pytest.approx(expected, abs=0.002)


def test_the_terminal_shows_the_papers_table_and_the_accuracy_with_its_interval(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evaluate.main()
    shown = capsys.readouterr().out
    metrics = json.loads((run / "metrics/evaluation.json").read_text())
    assert "precision    recall  f1-score   support" in shown
    assert f"accuracy {metrics['accuracy']} (95 % interval {metrics['accuracy_low']}" in shown
    assert f"on the {ROWS - SEEN} clean ones: not in train or validation" in shown


def test_the_same_model_gives_the_same_bytes_with_line_feeds_only(run: Path) -> None:
    evaluate.main()
    first = outputs(run)
    evaluate.main()
    assert outputs(run) == first
    assert not any(b"\r" in content for content in first[:-1])


@pytest.mark.parametrize("name", ["accuracy", "macro_f1"])
def test_a_score_under_its_floor_fails_after_all_is_written(
    run: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluate.main()
    before = outputs(run)
    reached = json.loads(before[0])[name]
    floor = {"accuracy": 0, "macro_f1": 0}
    write_params(run, evaluate=PARAMS | {"floor": floor | {name: reached}})
    evaluate.main()
    missed = round(reached + 0.01, 4)
    write_params(run, evaluate=PARAMS | {"floor": floor | {name: missed}})
    for table in TABLES:
        (run / table).unlink()
    with pytest.raises(
        UserError, match=rf"^{name} {reached} is under evaluate\.floor\.{name} {missed}; to accept"
    ):
        evaluate.main()
    assert outputs(run) == before


def test_numbers_that_are_no_probabilities_leave_no_output(run: Path, model: keras.Model) -> None:
    logits = keras.layers.Rescaling(2.0, name="doubled")(model.outputs[0])
    save_model(keras.Model(model.inputs, logits), run / "emotion.keras")
    with pytest.raises(UserError, match=r"emotion\.keras predicts values that are not probabilities"):
        evaluate.main()
    assert not (run / "metrics").exists()


def test_predictions_that_are_not_finite_leave_no_output(run: Path, model: keras.Model) -> None:
    broken = keras.models.clone_model(model)
    broken.set_weights([np.full_like(weight, np.nan) for weight in model.get_weights()])
    save_model(broken, run / "emotion.keras")
    with pytest.raises(UserError, match=r"emotion\.keras gives predictions that are not finite"):
        evaluate.main()
    assert not (run / "metrics").exists()
    assert not (run / "predictions.csv").exists()


def test_voters_are_asked_of_labels_and_predictions_where_their_votes_are_known(
    run: Path, model: keras.Model, capsys: pytest.CaptureFixture[str]
) -> None:
    evaluate.main()
    assert "voters" not in json.loads((run / "metrics/evaluation.json").read_text())
    test = load_split(run / "test")
    predicted = predict(model, test.images).argmax(axis=1)
    voted = np.empty(ROWS, int)  # by the rows of the CSV
    voted[test.rows] = np.where(np.arange(ROWS) < 10, test.labels, predicted)
    voted[test.rows[-5:]] = -1
    (run / "votes.csv").write_bytes(votes_of(voted, np.zeros(ROWS, int)))
    evaluate.main()
    found = json.loads((run / "metrics/evaluation.json").read_text())["voters"]
    known = np.arange(ROWS) < ROWS - 5
    right, agreed = predicted == test.labels, voted[test.rows] == test.labels
    assert found == {
        "rows": ROWS - 5,
        "labels": round(agreed[known].mean(), 4),
        "predictions": round((predicted == voted[test.rows])[known].mean(), 4),
        "agreed": {"rows": int(agreed[known].sum()), "accuracy": round(right[known & agreed].mean(), 4)},
        "others": {"rows": int((~agreed)[known].sum()), "accuracy": 0.0},
    }
    assert (
        f"of {ROWS - 5} with a majority of FER+'s voters, {found['labels']} have" in capsys.readouterr().out
    )
