"""ONNX Runtime, with the settings of this project."""

from pathlib import Path
from typing import TYPE_CHECKING

from emotion.runtime.errors import UserError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession


def open_session(path: Path, threads: int) -> "InferenceSession":
    """Return a model file ready to run.

    Its threads sleep between two calls: by default they spin for 40 ms after each, which costs a camera at 20
    frames a second most of a core.

    Args:
        path: an ONNX file.
        threads: how many compute one call; 0 for as many as there are cores.

    Raises:
        UserError: the file is not there or is no ONNX model.
    """
    if not path.is_file():
        raise UserError(f"{path} is {'a folder and no ONNX model' if path.is_dir() else 'not there'}")
    import onnxruntime

    onnxruntime.set_default_logger_severity(3)  # errors: it warns of what this project cannot change
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # of onnxruntime's own classes, which share no base but this
        reason = " ".join(str(error).split())[:200]
        raise UserError(f"{path} is not an ONNX model that can be run ({reason})") from error
