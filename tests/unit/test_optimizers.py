from typing import Any

import numpy as np
import pytest

from emotion.network.keras_setup import keras, layers
from emotion.training.optimizers import MUON_ADAM, learning_rate, optimizer
from tests.support.parameters import train_params

STEPS = 10  # of an epoch


def rates(**changes: Any) -> list[float]:
    """Return the learning rate at the start of each step, and after the last."""
    schedule = learning_rate(train_params(epochs=4, lr=0.1, **changes), STEPS)
    assert callable(schedule)
    return [float(schedule(step)) for step in range(4 * STEPS + 1)]


def test_a_constant_rate_is_a_number() -> None:
    assert learning_rate(train_params(lr=0.1), STEPS) == 0.1


def test_a_cosine_falls_to_zero_at_the_last_epoch() -> None:
    found = rates(schedule="cosine", warmup=0.0)
    assert found == pytest.approx([0.05 * (1 + np.cos(np.pi * step / 40)) for step in range(41)], abs=1e-7)


def test_a_warm_up_rises_from_zero_over_its_share_of_the_steps() -> None:
    found = rates(schedule="cosine", warmup=0.25)
    assert found[:11] == pytest.approx(np.linspace(0, 0.1, 11), abs=1e-7)
    assert found[10:] == sorted(found[10:], reverse=True)
    assert found[-1] == pytest.approx(0, abs=1e-7)


def decayed(**changes: Any) -> dict[str, float]:
    """Return by how much a step without gradients shrinks each variable of a network."""
    network = keras.Sequential([layers.Input((4, 4, 1)), layers.Conv2D(2, 3), layers.BatchNormalization()])
    for variable in network.trainable_variables:
        variable.assign(keras.ops.ones_like(variable))
    new = optimizer(train_params(lr=0.1, **changes), STEPS)
    new.apply([keras.ops.zeros_like(v) for v in network.trainable_variables], network.trainable_variables)
    return {variable.name: 1 - float(np.mean(variable)) for variable in network.trainable_variables}


@pytest.mark.parametrize("name", ["sgd", "muon"])
def test_weight_decay_shrinks_kernels_alone(name: str) -> None:
    shrunk = decayed(optimizer=name, weight_decay=0.5)
    assert shrunk.pop("kernel") == pytest.approx(0.05)
    assert set(shrunk.values()) == {0}


@pytest.mark.parametrize("name", ["sgd", "muon"])
def test_the_running_average_forgets_the_first_weights_at_the_rate_of_its_steps(name: str) -> None:
    weights = keras.Variable(np.full((3, 3), 5.0), name="kernel")
    new = optimizer(train_params(optimizer=name, lr=0.1, average=0.5), STEPS)
    expected = np.zeros((3, 3))
    for step in range(12):
        new.apply([keras.ops.ones_like(weights)], [weights])
        value = np.asarray(keras.ops.convert_to_numpy(weights))
        decay = min(0.5, (1 + step) / (10 + step)) if step else 0.0
        expected = decay * expected + (1 - decay) * value
    new.finalize_variable_values([weights])
    assert np.asarray(keras.ops.convert_to_numpy(weights)) == pytest.approx(expected, rel=1e-5)


def muon_step(gradient: np.ndarray, precision: str) -> np.ndarray:
    """Return the first step of Muon on a kernel of zeros."""
    kernel = keras.Variable(np.zeros_like(gradient), name="kernel")
    params = train_params(optimizer="muon", lr=0.01, momentum=0.9, precision=precision)
    optimizer(params, STEPS).apply([gradient], [kernel])
    return np.asarray(keras.ops.convert_to_numpy(kernel))


def test_a_step_of_muon_on_a_convolution_is_orthogonal_and_as_large_as_one_of_adamw() -> None:
    """Its matrix has a column for each filter, whose singular values come close to one another."""
    gradient = np.random.default_rng(0).normal(size=(3, 3, 8, 16)).astype(np.float32)
    gradient[..., :4] *= 100  # which plain descent would follow alone
    steps = [muon_step(gradient, precision) for precision in ("float32", "bfloat16")]
    for step in steps:
        singular = np.linalg.svd(step.reshape(72, 16), compute_uv=False)
        assert singular.max() / singular.min() < 2
        assert np.sqrt(np.mean(step**2)) == pytest.approx(0.2 * 0.01, rel=0.2)
        assert np.sum(step * gradient) < 0
    assert not np.array_equal(steps[0], steps[1])  # they were rounded to eight bits


def test_muon_leaves_what_is_no_convolution_to_adamw_at_a_lower_rate() -> None:
    dense = keras.Variable(np.zeros((8, 7), np.float32), name="kernel")
    gradient = np.random.default_rng(0).normal(size=(8, 7)).astype(np.float32)
    optimizer(train_params(optimizer="muon", lr=0.01), STEPS).apply([gradient], [dense])
    assert np.asarray(dense) == pytest.approx(-0.01 * MUON_ADAM * np.sign(gradient), rel=1e-3)


@pytest.mark.parametrize(("name", "share"), [("adam", 0), ("adamw", 0.004 * 0.1)])
def test_without_a_value_the_decay_is_the_optimizers_own(name: str, share: float) -> None:
    assert decayed(optimizer=name, weight_decay=None)["kernel"] == pytest.approx(share, abs=1e-6)


def test_momentum_is_nesterovs() -> None:
    with_momentum, without = (optimizer(train_params(optimizer="sgd", momentum=m), STEPS) for m in (0.9, 0.0))
    assert (with_momentum.momentum, with_momentum.nesterov) == (0.9, True)
    assert (without.momentum, without.nesterov) == (0.0, False)
