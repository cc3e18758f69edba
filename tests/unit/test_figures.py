from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from emotion.evaluation import figures, paper
from emotion.labels import CLASSES

SMALL = 150_000  # bytes


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def texts(figure: Figure) -> list[str]:
    """Every text of the figure, legends, ticks and titles included."""
    figure.canvas.draw()
    return [text.get_text() for text in figure.findobj(Text) if isinstance(text, Text) and text.get_text()]


def curves(accuracy: list[float]) -> dict[str, np.ndarray]:
    epochs = np.arange(1, len(accuracy) + 1)
    return {"step": epochs, "loss": 2 / epochs, "accuracy": np.array(accuracy)}


def heights(figure: Figure, series: int) -> list[float]:
    """The heights of one series of bars, by class."""
    container = figure.axes[0].containers[series]
    return [bar.get_height() for bar in container]


def test_training_curves_mark_the_first_epoch_with_the_best_validation_accuracy() -> None:
    figure = figures.training_curves(curves([0.3, 0.5, 0.6, 0.7]), curves([0.3, 0.55, 0.5, 0.55]))
    assert "kept: epoch 2, 1.000" in texts(figure)
    assert "kept: epoch 2, 0.550" in texts(figure)


def test_training_curves_of_one_epoch_show_their_points() -> None:
    figure = figures.training_curves(curves([0.3]), curves([0.4]))
    assert "kept: epoch 1, 0.400" in texts(figure)
    assert all(line.get_marker() == "o" for line in figure.axes[0].lines[:2])


def test_confusion_matrix_gives_shares_of_the_actual_class_and_counts() -> None:
    actual = np.array([0, 0, 0, 0, 3])
    predicted = np.array([0, 2, 2, 2, 3])
    figure = figures.confusion_matrix(actual, predicted)
    shares = np.asarray(figure.axes[0].images[0].get_array())
    assert shares[0].tolist() == [0.25, 0, 0.75, 0, 0, 0, 0]
    assert shares[3, 3] == 1
    assert shares[1].tolist() == [0] * 7  # no such face: no division by zero
    shown = texts(figure)
    assert {"25%", "75%", "100%", "Angry\n(4)", "Happiness\n(1)"} <= set(shown)


def test_per_class_f1_stands_beside_the_papers() -> None:
    ours = np.linspace(0.2, 0.8, len(CLASSES))
    figure = figures.per_class_f1(ours)
    assert heights(figure, 0) == pytest.approx(ours)
    assert heights(figure, 1) == pytest.approx(paper.F1)
    assert {"this run (macro F1 0.500)", "paper (macro F1 0.608)", *CLASSES} <= set(texts(figure))


def test_a_class_without_faces_has_no_bar_and_no_part_in_the_macro_f1() -> None:
    figure = figures.per_class_f1(np.array([0.5, np.nan, 0.5, 0.5, 0.5, 0.5, 0.5]))
    assert "this run (macro F1 0.500)" in texts(figure)
    assert texts(figure).count("0.500") == 6


def test_class_balance_shows_shares_and_counts_of_each_split() -> None:
    splits = {"train": np.array([0, 0, 0, 6]), "validation": np.array([1]), "test": np.array([6, 6])}
    figure = figures.class_balance(splits)
    assert heights(figure, 0) == [0.75, 0, 0, 0, 0, 0, 0.25]
    assert heights(figure, 2) == [0, 0, 0, 0, 0, 0, 1]
    assert {"train (4 faces)", "validation (1 faces)", "test (2 faces)"} <= set(texts(figure))


def confidence_bins(accuracy: list[float]) -> dict[str, np.ndarray]:
    return {
        "low": np.array([0.5, 0.75]),
        "high": np.array([0.75, 1.0]),
        "rows": np.array([1, 3]),
        "confidence": np.array([0.6, 0.9]),
        "accuracy": np.array(accuracy),
    }


def spans(figure: Figure, series: str) -> np.ndarray:
    """From where to where each bar of a series is drawn, as the legend names the series."""
    (container,) = (each for each in figure.axes[0].containers if each.get_label() == series)
    return np.array([[bar.get_y(), bar.get_y() + bar.get_height()] for bar in container])


def test_reliability_of_an_overconfident_model_marks_the_gap_above_the_accuracy() -> None:
    figure = figures.reliability(confidence_bins([0.4, 0.7]), error=0.2)
    assert spans(figure, "accuracy") == pytest.approx(np.array([[0, 0.4], [0, 0.7]]))
    assert spans(figure, "overconfident") == pytest.approx(np.array([[0.4, 0.6], [0.7, 0.9]]))
    assert "underconfident" not in texts(figure)


def test_reliability_of_an_underconfident_model_shows_its_accuracy_through_the_mark() -> None:
    figure = figures.reliability(confidence_bins([0.75, 1.0]), error=0.125)
    assert spans(figure, "accuracy") == pytest.approx(np.array([[0, 0.75], [0, 1.0]]))
    assert spans(figure, "underconfident") == pytest.approx(np.array([[0.6, 0.75], [0.9, 1.0]]))
    assert all(not bar.get_fill() or bar.get_facecolor()[3] == 0 for bar in figure.axes[0].containers[1])
    assert "overconfident" not in texts(figure)


def test_reliability_tells_over_and_underconfidence_apart_without_colour() -> None:
    figure = figures.reliability(confidence_bins([0.4, 1.0]), error=0.125)
    marks = {each.get_label(): each[0].get_hatch() for each in figure.axes[0].containers}
    assert len({marks[name] for name in ("accuracy", "overconfident", "underconfident")}) == 3
    assert [bar.get_height() for bar in figure.axes[1].containers[0]] == [0.25, 0.75]
    assert {"Reliability (ECE 0.125)", "overconfident", "underconfident"} <= set(texts(figure))


def test_nothing_covers_an_accuracy_above_the_confidence(tmp_path: Path) -> None:
    bins = {name: values[:1] for name, values in confidence_bins([0.875, 0]).items()}
    figure = figures.reliability(bins | {"confidence": np.array([0.767])}, error=0.108)
    figures.save_png(figure, tmp_path / "reliability.png", dpi=100)
    x, y = figure.axes[0].transData.transform((0.625, 0.82))  # pixels from the lower left corner
    with Image.open(tmp_path / "reliability.png") as image:
        seen = np.asarray(image.convert("RGB"))[image.size[1] - round(y), round(x) - 20 : round(x) + 20]
    colour = [int(figures.SKY[digit : digit + 2], 16) for digit in (1, 3, 5)]
    assert (seen == colour).all(axis=1).mean() > 1 / 3


def test_gallery_orders_faces_by_confidence(rng: np.random.Generator) -> None:
    images = rng.integers(0, 256, (6, 48, 48, 1), np.uint8)
    actual = np.array([3, 5, 0, 1, 2, 4])
    predicted = np.array([3, 5, 0, 0, 3, 3])
    confidence = np.array([0.5, 0.9, 0.7, 0.6, 0.95, 0.8])
    maps = [None] * 6
    figure = figures.gallery(images, actual, predicted, confidence, columns=3, maps=maps)
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    right = ["Surprise 0.90", "Angry 0.70", "Happiness 0.50"]
    wrong = ["Fear →\nHappiness 0.95", "Sad →\nHappiness 0.80", "Disgust →\nAngry 0.60"]
    assert titles == right + wrong
    assert (np.asarray(figure.axes[0].images[0].get_array()) == images[1, :, :, 0]).all()


def test_gallery_shows_below_a_mistake_what_spoke_for_it(rng: np.random.Generator) -> None:
    images = rng.integers(0, 256, (3, 48, 48, 1), np.uint8)
    heat = np.zeros((6, 6))
    heat[2, 4] = 1
    figure = figures.gallery(
        images, np.array([3, 3, 3]), np.array([3, 2, 1]), np.array([0.5, 0.6, 0.7]), 2, [None, heat, None]
    )
    below = figure.axes[2 + 2 : 2 + 4]  # two places of the right ones, two of the wrong ones, then these
    assert [len(axes.images) for axes in below] == [0, 1]
    shown = np.asarray(below[1].images[0].get_array()).astype(int)
    coloured = np.ptp(shown, axis=2) > 0
    assert (shown[~coloured] == images[1][~coloured]).all()
    assert coloured[16:24, 32:40].all()  # the cell of the map
    assert not coloured[:12].any()


@pytest.mark.parametrize("columns", [1, 7])
@pytest.mark.parametrize("predicted", [[3, 5], [5, 3]], ids=["all right", "all wrong"])
def test_gallery_copes_with_fewer_faces_than_places(
    rng: np.random.Generator, predicted: list[int], columns: int
) -> None:
    images = rng.integers(0, 256, (2, 48, 48, 1), np.uint8)
    figure = figures.gallery(
        images, np.array([3, 5]), np.array(predicted), np.array([0.9, 0.8]), columns, [None] * 2
    )
    assert "none" in texts(figure)


def test_png_is_small_and_says_nothing_of_the_software(tmp_path: Path, rng: np.random.Generator) -> None:
    actual, predicted = rng.integers(0, len(CLASSES), (2, 3589))
    path = tmp_path / "plots" / "confusion.png"
    figures.save_png(figures.confusion_matrix(actual, predicted), path, dpi=100)
    assert path.stat().st_size < SMALL
    with Image.open(path) as image:
        assert image.size == (700, 600)
        assert set(image.info) == {"dpi"}
    assert list(path.parent.iterdir()) == [path]


def test_gallery_of_noise_is_small(tmp_path: Path, rng: np.random.Generator) -> None:
    images = rng.integers(0, 256, (60, 48, 48, 1), np.uint8)
    actual, predicted = rng.integers(0, len(CLASSES), (2, 60))
    path = tmp_path / "gallery.png"
    maps = list(rng.random((60, 6, 6)))
    figures.save_png(figures.gallery(images, actual, predicted, np.ones(60), 7, maps), path, dpi=100)
    assert path.stat().st_size < 4 * SMALL  # coloured; it is not in Git
