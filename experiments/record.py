"""A run of a row as a line of the results: its scores, its cost, and what decides the bits of its model."""

from typing import Any, NamedTuple

import pandas as pd

from emotion.config.recipes import Row
from emotion.config.schema import Params
from emotion.runtime.machine import hardware, instructions

# Two trainings with the same data, parameters and seed give the same bytes if these agree, too
CONDITIONS = ("threads", "instructions", "versions", "code")


class Machine(NamedTuple):
    """Where a run was.

    Attributes:
        hardware: see emotion.runtime.machine.
        conditions: what decides the bits of its model there; see `conditions`.
    """

    hardware: str
    conditions: dict[str, Any]


def record(
    row: Row,
    params: Params,
    training: dict[str, Any],
    scores: dict[str, Any],
    minutes: float | None,
    model_md5: str,
    commit: str | None,
    machine: Machine | None = None,
) -> dict[str, Any]:
    """Return a value for each of results.COLUMNS.

    Args:
        row: what was run.
        params: with the settings of the row and the seed.
        training: metrics/training.json.
        scores: metrics/evaluation.json.
        minutes: of the training; None if it was not timed.
        model_md5: of the model's file.
        commit: hash of the commit; None outside of a repository.
        machine: that of the run; None is this one, with this backend.
    """
    from emotion.network.cost import multiply_adds
    from emotion.network.model import build  # here, because it takes seconds to import Keras

    machine = machine or Machine(hardware(), conditions(params))
    return {
        "row": row.name,
        "protocol": row.protocol,
        "model": params["model"].name,
        "recipe": row.recipe,
        "seed": params["train"].seed,
        "accuracy": scores["accuracy"],
        "accuracy_low": scores["accuracy_low"],
        "accuracy_high": scores["accuracy_high"],
        "macro_f1": scores["macro_f1"],
        "disgust_f1": scores["per_class"]["Disgust"]["f1"],
        "fear_f1": scores["per_class"]["Fear"]["f1"],
        "clean_accuracy": scores["clean"]["accuracy"],
        "clean_macro_f1": scores["clean"]["macro_f1"],
        "test_rows": scores["rows"],
        "parameters": training["parameters"],
        "multiply_adds": multiply_adds(build(params["model"], classes=len(scores["per_class"]))),
        "epochs": training["epochs"],
        "training_minutes": minutes,
        "hardware": machine.hardware,
        "commit": commit and commit[:7],
        **machine.conditions,
        "model_md5": model_md5,
    }


def conditions(params: Params) -> dict[str, Any]:
    """Return what decides the bits of a model trained here, under CONDITIONS.

    Threads and instructions are those of TensorFlow on a CPU; None with JAX, which was not compared.
    """
    from emotion.network.keras_setup import keras  # here, because it takes seconds to import
    from emotion.training.checkpoint import run_key, sources
    from emotion.training.run import epoch_settings

    on_cpu = keras.backend.backend() == "tensorflow"
    versions = epoch_settings(params["model"], params["train"])["versions"]
    return {
        "threads": params["train"].threads if on_cpu else None,
        "instructions": (instructions() or None) if on_cpu else None,
        "versions": ", ".join(f"{name} {version}" for name, version in versions.items()),
        "code": run_key({}, [], sources(params["model"].name)),
    }


def differences(known: pd.Series, now: dict[str, Any]) -> list[str]:
    """Return in words what of CONDITIONS differs from a measured run, or is not known of it; [] if none does.

    Args:
        known: a line of the results.
        now: see `conditions`.
    """
    found = []
    for name in CONDITIONS:
        if pd.isna(known[name]) or now[name] is None:
            found.append(f"{name} not known")
        elif known[name] != now[name]:
            found.append(f"{name} {known[name]} then, {now[name]} now")
    return found if not pd.isna(known["model_md5"]) else [*found, "model_md5 not known"]
