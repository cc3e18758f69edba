import hashlib
import io
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emotion.network import model as models
from emotion.network.keras_setup import keras
from emotion.network.model import (
    build,
    each_view,
    from_pixels,
    in_float32,
    load_model,
    predict,
    save_model,
)
from emotion.runtime.errors import UserError
from tests.support.parameters import model_params

PARAMS = model_params()


@pytest.fixture(scope="module")
def network() -> keras.Model:
    keras.utils.set_random_seed(0)
    return build(PARAMS)


@pytest.fixture(scope="module")
def faces() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (4, 48, 48, 1), np.uint8)


def test_pixels_are_scaled_to_one_before_the_network(network: keras.Model, faces: np.ndarray) -> None:
    whole = from_pixels(network)
    expected = network.predict(faces.astype(np.float32) / 255, verbose=0)
    assert whole.predict(faces, verbose=0) == pytest.approx(expected, abs=1e-6)


def test_a_saved_model_predicts_the_same(network: keras.Model, faces: np.ndarray, tmp_path: Path) -> None:
    model = from_pixels(network)
    save_model(model, tmp_path / "m.keras")
    loaded = load_model(tmp_path / "m.keras")
    assert np.array_equal(loaded.predict(faces, verbose=0), model.predict(faces, verbose=0))


def test_a_flip_average_gives_a_face_and_its_mirror_image_the_same_mean(
    network: keras.Model, faces: np.ndarray, tmp_path: Path
) -> None:
    once = from_pixels(network)
    save_model(from_pixels(network, flip_average=True), tmp_path / "m.keras")
    averaged = load_model(tmp_path / "m.keras")
    mirrored = faces[:, :, ::-1]
    expected = (predict(once, faces) + predict(once, mirrored)) / 2
    assert predict(averaged, faces) == pytest.approx(expected, abs=1e-6)
    assert predict(averaged, mirrored) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("flip", [False, True])
def test_a_shift_average_is_the_mean_over_faces_that_are_shifted_by_hand(
    network: keras.Model, faces: np.ndarray, tmp_path: Path, flip: bool
) -> None:
    save_model(from_pixels(network, flip_average=flip, shift_average=2), tmp_path / "m.keras")
    wider = np.pad(faces, ((0, 0), (2, 2), (2, 2), (0, 0)), mode="symmetric")
    corners = [(2, 2), (0, 2), (4, 2), (2, 0), (2, 4)]
    once = from_pixels(network, flip_average=flip)
    views = [predict(once, wider[:, top : top + 48, left : left + 48]) for top, left in corners]
    averaged = predict(load_model(tmp_path / "m.keras"), faces)
    assert averaged == pytest.approx(np.mean(views, axis=0), abs=1e-6)
    each = [predict(model, faces) for model in each_view(network, flip, 2)]
    assert len(each) == len(corners) * (1 + flip)
    assert averaged == pytest.approx(np.mean(each, axis=0), abs=1e-6)


def test_predictions_do_not_depend_on_the_batch(
    network: keras.Model, faces: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = from_pixels(network)
    whole = predict(model, faces)
    monkeypatch.setattr(models, "BATCH", 3)
    assert predict(model, faces) == pytest.approx(whole, abs=1e-6)
    assert whole.dtype == np.float64


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [
        ((4, 48, 48), "uint8"),
        ((48, 48, 1), "uint8"),
        ((4, 64, 64, 1), "uint8"),
        ((0, 48, 48, 1), "uint8"),
        ((4, 48, 48, 3), "uint8"),
        ((4, 48, 48, 1), "float32"),
    ],
)
def test_images_of_another_shape_or_dtype_are_one_clear_line(
    network: keras.Model, faces: np.ndarray, shape: tuple[int, ...], dtype: str
) -> None:
    model = from_pixels(network)
    before = predict(model, faces)
    message = f"the images are {dtype} {shape}: must be uint8 (N, 48, 48, 1), N > 0"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        predict(model, np.zeros(shape, dtype))
    assert np.array_equal(predict(model, faces), before)


def test_two_files_of_the_same_weights_are_the_same_bytes(tmp_path: Path) -> None:
    hashes = set()
    for name in ("a.keras", "b.keras"):
        keras.backend.clear_session()
        keras.utils.set_random_seed(3)
        save_model(from_pixels(build(PARAMS, "bfloat16")), tmp_path / name)
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


def rewrite_config(file: Path, change: Callable[[str], str]) -> None:
    """Change the description of the layers in a model file."""
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["config.json"] = change(parts["config.json"].decode()).encode()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


@pytest.mark.parametrize("layer", ["Rescaling", "Dense"])
def test_a_model_that_names_a_lambda_layer_is_refused_however_deep_it_stands(
    network: keras.Model, tmp_path: Path, layer: str
) -> None:
    """Such a layer runs code. The file here only names one: a layer of another kind was renamed."""
    save_model(from_pixels(network), tmp_path / "m.keras")
    rewrite_config(tmp_path / "m.keras", lambda config: config.replace(f'"{layer}"', '"Lambda"', 1))
    with pytest.raises(UserError, match=r"is not a model that can be loaded \(it has a Lambda layer\)"):
        load_model(tmp_path / "m.keras")


@pytest.mark.filterwarnings("ignore:You are saving a model that has not yet been built")
def test_layers_without_a_shape_are_no_model(tmp_path: Path) -> None:
    keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(7)]).save(tmp_path / "m.keras")
    with pytest.raises(UserError, match="is not a model that can be loaded"):
        load_model(tmp_path / "m.keras")


def test_a_layer_alone_is_no_model(network: keras.Model, tmp_path: Path) -> None:
    save_model(network, tmp_path / "m.keras")
    layer = json.dumps(keras.saving.serialize_keras_object(keras.layers.Flatten()))
    rewrite_config(tmp_path / "m.keras", lambda _: layer)
    with pytest.raises(UserError, match="is not a model that can be loaded"):
        load_model(tmp_path / "m.keras")


def test_a_model_that_cannot_take_a_face_is_refused(tmp_path: Path) -> None:
    pixels = keras.layers.Input((48, 48, 1), dtype="uint8")
    flat = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(pixels))
    both = keras.layers.Concatenate(axis=0)([flat, flat])  # two rows for one face
    save_model(keras.Model(pixels, keras.layers.Dense(7)(both)), tmp_path / "m.keras")
    with pytest.raises(UserError, match="gives 2 rows for a face"):
        load_model(tmp_path / "m.keras")


def test_a_model_of_other_pixels_is_refused(network: keras.Model, tmp_path: Path) -> None:
    save_model(network, tmp_path / "m.keras")
    with pytest.raises(UserError, match=r"takes float32 .*, must take uint8"):
        load_model(tmp_path / "m.keras")


@pytest.mark.parametrize(("classes", "dtype"), [(8, "float32"), (7, "float16")])
def test_a_model_of_other_classes_or_another_dtype_is_refused(
    tmp_path: Path, classes: int, dtype: str
) -> None:
    pixels = keras.layers.Input((48, 48, 1), dtype="uint8")
    flat = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(pixels))
    save_model(keras.Model(pixels, keras.layers.Dense(classes, dtype=dtype)(flat)), tmp_path / "m.keras")
    with pytest.raises(
        UserError, match=rf"gives {dtype} \(None, {classes}\), must give 7 probabilities in float32"
    ):
        load_model(tmp_path / "m.keras")


def test_the_file_has_no_option_that_older_releases_of_keras_do_not_know(
    network: keras.Model, tmp_path: Path
) -> None:
    save_model(from_pixels(network, flip_average=True, shift_average=2), tmp_path / "m.keras")
    options: list[tuple[str, dict[str, Any]]] = []

    def collect(entry: dict[str, Any]) -> dict[str, Any]:
        if "module" in entry and isinstance(entry.get("config"), dict):
            options.append((entry["class_name"], entry["config"]))
        return entry

    with zipfile.ZipFile(tmp_path / "m.keras") as file:
        json.loads(file.read("config.json"), object_hook=collect)
    assert {"BatchNormalization", "GlorotUniform", "Pad", "Flip"} <= {name for name, _ in options}
    for name, config in options:
        assert None not in config.values(), name
        assert not any(option.startswith("renorm") for option in config)
        assert not (name in ("Pad", "Flip") and "name" in config)


@pytest.mark.parametrize("name", ["paper_cnn", "fast_cnn", "wide_cnn", "strong_cnn"])
def test_a_network_in_float32_has_the_weights_and_the_random_states_of_the_one_in_bfloat16(name: str) -> None:
    half = build(model_params(name=name, dropout=0.1), "bfloat16")
    whole = in_float32(half)
    assert {layer.compute_dtype for layer in whole.layers} == {"float32"}
    assert [variable.name for variable in whole.variables] == [variable.name for variable in half.variables]
    for ours, theirs in zip(whole.variables, half.variables, strict=True):
        assert np.array_equal(ours, theirs)


def test_the_file_holds_no_date_and_no_address(network: keras.Model, tmp_path: Path) -> None:
    save_model(from_pixels(build(PARAMS, "bfloat16")), tmp_path / "m.keras")
    with zipfile.ZipFile(io.BytesIO((tmp_path / "m.keras").read_bytes())) as file:
        assert {entry.date_time[0] for entry in file.infolist()} == {1980}
        assert b"date" not in file.read("metadata.json")
        assert b'"shared_object_id": 1}' in file.read("config.json")
