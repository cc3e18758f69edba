import errno
import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from emotion.export import formats
from emotion.export.formats import to_int8, to_litert, to_onnx, with_stacked_views
from emotion.export.parity import litert_probabilities, onnx_probabilities
from emotion.network.keras_setup import keras
from emotion.network.model import from_pixels, load_model, save_model
from emotion.synthetic.expressions import render_faces
from tests.support.classifiers import INFO
from tests.support.learning import small_network
from tests.support.paths import ROOT

OPSET = 15
IN_A_FRESH_PROCESS = """
import hashlib, sys
from pathlib import Path
from emotion.export.formats import to_onnx
from emotion.network.model import load_model
from tests.support.classifiers import INFO
print(hashlib.sha256(to_onnx(load_model(Path(sys.argv[1])), INFO, 15)).hexdigest())
"""


@pytest.fixture(scope="module")
def faces() -> np.ndarray:
    return render_faces(np.arange(70) % 7, 0)[..., None]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with four views."""
    path = tmp_path_factory.mktemp("model") / "m.keras"
    save_model(from_pixels(small_network(), flip_average=True, shift_average=2), path)
    return path


@pytest.fixture(scope="module")
def model(saved: Path) -> keras.Model:
    return load_model(saved)


@pytest.fixture(scope="module")
def exported(model: keras.Model) -> bytes:
    return to_onnx(model, INFO, OPSET)


def test_onnx_answers_as_keras_does_for_any_number_of_faces(
    model: keras.Model, exported: bytes, faces: np.ndarray, tmp_path: Path
) -> None:
    (tmp_path / "m.onnx").write_bytes(exported)
    for number in (1, 70):
        says = onnx_probabilities(tmp_path / "m.onnx", faces[:number])
        assert says.dtype == np.float32
        assert says == pytest.approx(model.predict_on_batch(faces[:number]), abs=1e-6)


def test_onnx_takes_uint8_and_says_what_it_is(exported: bytes) -> None:
    session = onnxruntime.InferenceSession(exported)
    taken, given = session.get_inputs()[0], session.get_outputs()[0]
    assert (taken.name, taken.type, taken.shape) == ("pixels", "tensor(uint8)", ["batch", 48, 48, 1])
    assert (given.name, given.type, given.shape) == ("probabilities", "tensor(float)", ["batch", 7])
    assert session.get_modelmeta().custom_metadata_map == INFO.to_metadata()


def test_a_model_exported_twice_has_the_same_bytes_in_one_process_and_in_two(
    model: keras.Model, exported: bytes, saved: Path
) -> None:
    assert to_onnx(model, INFO, OPSET) == exported
    words = [sys.executable, "-c", IN_A_FRESH_PROCESS, str(saved)]
    done = subprocess.run(words, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    assert done.stdout.split()[-1] == hashlib.sha256(exported).hexdigest()


def test_the_views_of_a_face_are_one_batch_and_one_network(
    model: keras.Model, exported: bytes, faces: np.ndarray
) -> None:
    convolutions = [node for node in onnx.load_from_string(exported).graph.node if node.op_type == "Conv"]
    assert len(convolutions) == 1
    stacked = with_stacked_views(model)
    assert stacked.predict_on_batch(faces) == pytest.approx(model.predict_on_batch(faces), abs=1e-6)


def test_a_model_without_views_is_exported_as_it_is() -> None:
    plain = from_pixels(small_network())
    assert with_stacked_views(plain) is plain


def test_litert_answers_as_keras_does_and_has_the_same_bytes_twice(
    model: keras.Model, faces: np.ndarray, tmp_path: Path
) -> None:
    content = to_litert(model)
    (tmp_path / "m.tflite").write_bytes(content)
    says = litert_probabilities(tmp_path / "m.tflite", faces)
    assert says == pytest.approx(model.predict_on_batch(faces), abs=1e-6)
    assert to_litert(model) == content


def test_int8_answers_nearly_the_same_and_for_each_face_alone(
    exported: bytes, faces: np.ndarray, tmp_path: Path
) -> None:
    small = to_int8(exported, faces)
    (tmp_path / "m.onnx").write_bytes(exported)
    (tmp_path / "int8.onnx").write_bytes(small)
    whole, says = (onnx_probabilities(tmp_path / name, faces) for name in ("m.onnx", "int8.onnx"))
    assert np.abs(whole - says).max() < 0.05
    assert not np.array_equal(whole, says)
    alone = np.concatenate([onnx_probabilities(tmp_path / "int8.onnx", face[None]) for face in faces[:8]])
    assert np.array_equal(alone, says[:8])
    graph = onnx.load_from_string(small).graph
    assert onnx.TensorProto.INT8 in {tensor.data_type for tensor in graph.initializer}
    assert onnxruntime.InferenceSession(small).get_modelmeta().custom_metadata_map == INFO.to_metadata()
    assert to_int8(exported, faces) == small


def test_a_full_disk_is_said_with_the_folder_that_takes_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(OSError, match="No space") as caught, formats._scratch():
        raise OSError(errno.ENOSPC, "No space left on device")
    assert Path(caught.value.filename).parent == tmp_path
    assert list(tmp_path.iterdir()) == []
