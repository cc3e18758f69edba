import hashlib
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from emotion.backend import keras
from emotion.errors import UserError
from emotion.models import ModelParams, from_pixels, load_model, paper_cnn, save_model

PARAMS = ModelParams(name="paper_cnn", dropout=0.2, conv_dropout=0.25, dense_dropout=0.5, l2=0.001)


@pytest.fixture(scope="module")
def network() -> keras.Model:
    keras.utils.set_random_seed(0)
    return paper_cnn(PARAMS)


@pytest.fixture(scope="module")
def faces() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (4, 48, 48, 1), np.uint8)


def test_layers_are_those_of_the_paper(network: keras.Model) -> None:
    block = ["Conv2D", "BatchNormalization", "MaxPooling2D", "Dropout"]
    dense = ["Dense", "BatchNormalization", "Dropout"]
    expected = ["InputLayer", "Conv2D", *block * 4, "Flatten", *dense * 2, "Dense"]
    assert [type(layer).__name__ for layer in network.layers] == expected


def test_filters_and_units_are_those_of_the_paper(network: keras.Model) -> None:
    filters = [layer.filters for layer in network.layers if isinstance(layer, keras.layers.Conv2D)]
    units = [layer.units for layer in network.layers if isinstance(layer, keras.layers.Dense)]
    assert (filters, units) == ([32, 64, 128, 256, 512], [256, 128, 7])


def test_dropout_rates_come_from_the_params(network: keras.Model) -> None:
    rates = [layer.rate for layer in network.layers if isinstance(layer, keras.layers.Dropout)]
    assert rates == [0.2, 0.25, 0.25, 0.25, 0.5, 0.5]


def test_only_the_last_two_convolutions_have_l2(network: keras.Model) -> None:
    strengths = {
        layer.filters: float(layer.kernel_regularizer.l2)
        for layer in network.layers
        if isinstance(layer, keras.layers.Conv2D) and layer.kernel_regularizer
    }
    assert strengths == pytest.approx({256: 0.001, 512: 0.001})


def test_number_of_parameters(network: keras.Model) -> None:
    convolutions = sum(9 * i * o + o for i, o in [(1, 32), (32, 64), (64, 128), (128, 256), (256, 512)])
    dense = sum(i * o + o for i, o in [(9 * 512, 256), (256, 128), (128, 7)])
    norms = 4 * (64 + 128 + 256 + 512 + 256 + 128)
    assert network.count_params() == convolutions + dense + norms == 2_787_079


def test_pixels_are_scaled_to_one_before_the_network(network: keras.Model, faces: np.ndarray) -> None:
    whole = from_pixels(network)
    expected = network.predict(faces.astype(np.float32) / 255, verbose=0)
    assert whole.predict(faces, verbose=0) == pytest.approx(expected, abs=1e-6)


def test_bfloat16_is_for_convolutions_alone() -> None:
    network = paper_cnn(PARAMS, "bfloat16")
    computing = {type(layer).__name__: layer.compute_dtype for layer in network.layers}
    assert computing.pop("Conv2D") == "bfloat16"
    assert set(computing.values()) == {"float32"}
    assert {variable.dtype for variable in network.weights} == {"float32"}


def test_a_saved_model_predicts_the_same(network: keras.Model, faces: np.ndarray, tmp_path: Path) -> None:
    model = from_pixels(network)
    save_model(model, tmp_path / "m.keras")
    loaded = load_model(tmp_path / "m.keras")
    assert np.array_equal(loaded.predict(faces, verbose=0), model.predict(faces, verbose=0))


def test_two_files_of_the_same_weights_are_the_same_bytes(tmp_path: Path) -> None:
    hashes = set()
    for name in ("a.keras", "b.keras"):
        keras.backend.clear_session()
        keras.utils.set_random_seed(3)
        save_model(from_pixels(paper_cnn(PARAMS, "bfloat16")), tmp_path / name)
        hashes.add(hashlib.sha256((tmp_path / name).read_bytes()).hexdigest())
    assert len(hashes) == 1


def test_saving_leaves_only_the_model(network: keras.Model, tmp_path: Path) -> None:
    save_model(from_pixels(network), tmp_path / "m.keras")
    assert [path.name for path in tmp_path.iterdir()] == ["m.keras"]


def test_a_missing_model_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"m\.keras is not there; run: dvc repro train"):
        load_model(tmp_path / "m.keras")


@pytest.mark.parametrize("keep", [0, 100, 10_000, -100])
def test_a_truncated_model_is_an_error(network: keras.Model, tmp_path: Path, keep: int) -> None:
    file = tmp_path / "m.keras"
    save_model(from_pixels(network), file)
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(UserError, match="is not a model that can be loaded"):
        load_model(file)


def test_code_in_a_model_is_refused(tmp_path: Path) -> None:
    pixels = keras.layers.Input((48, 48, 1), dtype="uint8")
    keras.Model(pixels, keras.layers.Lambda(lambda x: x)(pixels)).save(tmp_path / "m.keras")
    with pytest.raises(UserError, match="is not a model that can be loaded"):
        load_model(tmp_path / "m.keras")


def test_a_model_of_other_pixels_is_refused(network: keras.Model, tmp_path: Path) -> None:
    save_model(network, tmp_path / "m.keras")
    with pytest.raises(UserError, match=r"takes float32 .*, must take uint8"):
        load_model(tmp_path / "m.keras")


def test_a_model_of_other_classes_is_refused(tmp_path: Path) -> None:
    pixels = keras.layers.Input((48, 48, 1), dtype="uint8")
    flat = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(pixels))
    save_model(keras.Model(pixels, keras.layers.Dense(8)(flat)), tmp_path / "m.keras")
    with pytest.raises(UserError, match="must give 7 probabilities"):
        load_model(tmp_path / "m.keras")


def test_the_file_holds_no_date_and_no_address(network: keras.Model, tmp_path: Path) -> None:
    save_model(from_pixels(paper_cnn(PARAMS, "bfloat16")), tmp_path / "m.keras")
    with zipfile.ZipFile(io.BytesIO((tmp_path / "m.keras").read_bytes())) as file:
        assert {entry.date_time[0] for entry in file.infolist()} == {1980}
        assert b"date" not in file.read("metadata.json")
        assert b'"shared_object_id": 1}' in file.read("config.json")
