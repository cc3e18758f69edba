"""Keras as this project imports it: TensorFlow does not greet, and takes the number of threads."""

import os
import subprocess
import sys

import pytest

from emotion.network.keras_setup import without_greeting
from tests.support.paths import ROOT

OVERWHELMED = """
import os
from emotion.network.keras_setup import without_greeting
with without_greeting():
    os.write(2, b"F0000 00:00:1 cpu.cc:1] no AVX\\n")
    os._exit(134)
"""
LATE = """
from emotion.network.keras_setup import keras, use_threads
from emotion.runtime.errors import one_line_errors
use_threads(2)
keras.ops.add(1, 2)
use_threads(2)
with one_line_errors():
    use_threads(3)
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, text=True, capture_output=True)


@pytest.mark.parametrize("stage", ["train", "evaluate"])
def test_a_stage_that_imports_tensorflow_prints_no_greeting(stage: str) -> None:
    done = run("-m", f"stages.{stage}", "--help")
    assert done.stdout.startswith("usage: ")
    assert done.stderr == ""


def test_keras_comes_without_the_packages_that_it_does_not_need_here_and_they_can_be_imported_later() -> None:
    code = (
        "import sys; from emotion.network.keras_setup import UNUSED, keras; "
        "print([name for name in UNUSED if name in sys.modules]); import matplotlib, pandas, scipy, sklearn"
    )
    done = run("-c", code)
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")


def test_all_but_the_greeting_is_passed_on_in_its_order(capfd: pytest.CaptureFixture[str]) -> None:
    with without_greeting():
        os.write(
            2, b"WARNING: All log messages before absl::InitializeLog() is called are written to STDERR\n"
        )
        os.write(2, b"I0000 00:00:1 port.cc:153] oneDNN custom operations are on.\n")
        os.write(2, b"E0000 00:00:1 cuda.cc:1] no driver\n")
        os.write(2, b"the last line without its end")
    os.write(2, b"I0000 afterwards\n")
    expected = "E0000 00:00:1 cuda.cc:1] no driver\nthe last line without its end\nI0000 afterwards\n"
    assert capfd.readouterr().err == expected


def test_the_reason_is_printed_where_tensorflow_ends_the_process() -> None:
    done = run("-c", OVERWHELMED)
    assert done.returncode == 134
    assert done.stderr == "F0000 00:00:1 cpu.cc:1] no AVX\n"


def test_another_number_of_threads_comes_too_late_once_tensorflow_has_computed() -> None:
    done = run("-c", LATE)
    assert done.returncode == 1
    assert done.stderr == (
        "error: train.threads is 3, but TensorFlow has already computed in this process with another number "
        "of threads: train in a process of its own\n"
    )
