"""Keras has a second backend, for GPUs: the same code trains with JAX, and the model is as good elsewhere."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from emotion.network.model import load_model, predict
from tests.support.paths import ROOT

# The recipe for a GPU with two epochs of few faces: augmentation of every kind, mixed faces, running means.
TRAIN = """
import sys
from pathlib import Path

import numpy as np

from emotion.network.keras_setup import keras
from emotion.network.model import build, from_pixels, predict, save_model
from emotion.config.recipes import find_row
from emotion.config.schema import load_params
from emotion.data.storage import Split
from emotion.training.loop import fit

assert keras.backend.backend() == "jax"
folder = Path(sys.argv[1])
faces = np.random.default_rng(0).integers(0, 256, (32, 48, 48, 1), dtype=np.uint8)
split = Split(faces, np.arange(32, dtype=np.uint8) % 7, np.arange(32, dtype=np.int32))
params = load_params(changes=find_row("strong-official").settings | {"train.epochs": 2})
network = build(params["model"])
assert network.name == "strong_cnn"
assert len(fit(network, params["train"], split, split, folder / "1.npz", lambda entry: None).history) == 2
averages = params["model"].model_dump(include={"flip_average", "shift_average"})
assert all(averages.values())
model = from_pixels(network, **averages)
save_model(model, folder / "model.keras")
expected = predict(model, faces)
np.savez(folder / "expected.npz", faces=faces, probabilities=expected)

refused = 0
for wrong in (faces[:, 1:], faces[..., 0], faces.astype(np.float32), faces[:0]):
    try:
        predict(model, wrong)
    except ValueError:
        refused += 1
assert refused == 4
assert np.array_equal(predict(model, faces), expected)  # Keras itself would have lost its weights
"""


def test_a_model_of_jax_outlives_wrong_faces_and_predicts_the_same_with_tensorflow(
    tmp_path: Path,
) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error:Model doesn't support", "-c", TRAIN, str(tmp_path)],
        cwd=ROOT,
        env=os.environ | {"KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "epoch  2/2" in done.stdout
    with np.load(tmp_path / "expected.npz", allow_pickle=False) as expected:
        found = predict(load_model(tmp_path / "model.keras"), expected["faces"])
        np.testing.assert_allclose(found, expected["probabilities"], atol=1e-4)
