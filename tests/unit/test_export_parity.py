import numpy as np
import pytest

from emotion.export.parity import Parity, check_float, check_int8, compare, onnx_probabilities
from emotion.runtime.errors import UserError
from tests.support.classifiers import write_classifier

KERAS = np.array([[0.7, 0.3], [0.4, 0.6], [0.9, 0.1], [0.45, 0.55]])
EXPORT = np.array([[0.7, 0.3], [0.55, 0.45], [0.9, 0.1], [0.44, 0.56]])


def test_the_numbers_of_a_comparison_are_those_worked_out_by_hand() -> None:
    parity = compare(KERAS, EXPORT, np.array([0, 1, 1, 1]), size=123)
    assert parity.max_difference == pytest.approx(0.15)
    assert parity == Parity(
        parity.max_difference, agreement=0.75, accuracy=0.5, loss=0.25, faces=4, bytes=123
    )


def test_metrics_are_rounded_to_what_can_be_read() -> None:
    rounded = Parity(0.000123456, 0.987654, 0.661283, 0.000279, 3589, 640_000).rounded()
    assert rounded == {
        "max_difference": 0.00012,
        "agreement": 0.9877,
        "accuracy": 0.6613,
        "loss": 0.0003,
        "faces": 3589,
        "bytes": 640_000,
    }


@pytest.mark.parametrize(
    ("difference", "agreement", "passes"),
    [(9e-5, 1.0, True), (1e-4, 1.0, False), (0.0, 0.999, False), (float("nan"), 1.0, False)],
)
def test_a_float_export_passes_under_a_ten_thousandth_with_every_class_the_same(
    difference: float, agreement: float, passes: bool
) -> None:
    parity = Parity(difference, agreement, 0.7, 0.0, 3589, 1)
    if passes:
        check_float("m.onnx", parity)
    else:
        with pytest.raises(UserError, match=r"m.onnx differs from Keras"):
            check_float("m.onnx", parity)


@pytest.mark.parametrize(
    ("loss", "faces", "passes"),
    [
        (-0.1, 3589, True),
        (0.005, 3589, True),
        (0.0051, 3589, False),
        (float("nan"), 3589, False),
        (5 / 50, 50, True),
        (6 / 50, 50, False),
        (5 / 999, 999, True),
        (6 / 1001, 1001, False),
    ],
)
def test_an_int8_export_may_lose_half_a_point_or_five_faces(loss: float, faces: int, passes: bool) -> None:
    parity = Parity(0.1, 0.9, 0.7, loss, faces, 1)
    if passes:
        check_int8("m.onnx", parity)
    else:
        with pytest.raises(UserError, match=r"export.int8=false"):
            check_int8("m.onnx", parity)


def test_probabilities_come_for_more_faces_than_a_batch(tmp_path) -> None:  # type: ignore[no-untyped-def]
    faces = np.random.default_rng(0).integers(0, 256, (300, 48, 48, 1), np.uint8)
    answers = onnx_probabilities(write_classifier(tmp_path / "m.onnx"), faces)
    assert answers.shape == (300, 7)
    light = 8 * (faces[299].mean() / 255 - 0.5)
    assert np.log(answers[299, 3] / answers[299, 0]) == pytest.approx(light, abs=1e-4)
