"""The page of web/ as a folder that any static host can serve: `make web`.

python -m tools.site site                                   # with the model that `make predict` takes
python -m tools.site site --model models/exports/emotion.int8.onnx
python -m tools.site site --port 8000                       # and serve it on this machine, until Ctrl-C
"""

import argparse
import shutil
from contextlib import suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from emotion.inference.detector import MODEL as DETECTOR
from emotion.inference.recognizer import EmotionRecognizer, default_model
from emotion.runtime.errors import UserError, one_line_errors

CHECKOUT = Path(__file__).parents[1]
PAGE = CHECKOUT / "web" / "src"
# Of onnxruntime-web the part without WebGPU and WebGL: half the size of the default
RUNTIME = CHECKOUT / "web" / "node_modules" / "onnxruntime-web" / "dist"
RUNTIME_FILES = ("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm")
SAMPLE = CHECKOUT / "tests" / "photos" / "astronaut.jpg"
HOST = "127.0.0.1"  # this machine alone: the page sees photos
# What a Space of Hugging Face asks for at the top of its README
SPACE = """---
title: Emotions of faces
emoji: 🙂
colorFrom: gray
colorTo: blue
sdk: static
app_file: index.html
license: mit
pinned: false
---

Finds the faces in a photo and names the emotion of each, in the browser alone: no photo leaves the machine.

Model: {model}

The detector is MediaPipe's BlazeFace, under the Apache License 2.0, and the runtime is onnxruntime-web, under
the MIT licence.
"""


def main() -> None:
    """Write the page into the folder that the command line names."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="where to write it; files of the same names are replaced")
    parser.add_argument(
        "--model",
        type=Path,
        help="an exported model; by default pretrained/emotion.onnx, or else models/emotion.onnx",
    )
    parser.add_argument("--port", type=int, help="serve it there on this machine, until Ctrl-C")
    args = parser.parse_args()
    build(args.folder, args.model)
    if args.port is not None:
        serve(args.folder, args.port)


def build(folder: Path, model: Path | None = None) -> None:
    """Write the page, its runtime and its models into a folder, which is then ready to be served.

    Args:
        folder: is made if it is not there.
        model: an ONNX file that this pipeline exported; by default the one that `emotion.predict` takes.

    Raises:
        UserError: there is no model, or it is of another kind, or npm has not set web/ up.
    """
    model = model or default_model()
    info = EmotionRecognizer(model, threads=1).info
    if not RUNTIME.is_dir():
        raise UserError("web/node_modules has no onnxruntime-web; run: npm ci --prefix web")
    shutil.copytree(PAGE, folder, ignore=shutil.ignore_patterns("*.d.mts"), dirs_exist_ok=True)
    for name in RUNTIME_FILES:
        shutil.copy(RUNTIME / name, folder / "runtime" / name)
    shutil.copy(model, folder / "emotion.onnx")
    shutil.copy(DETECTOR, folder / DETECTOR.name)
    shutil.copy(DETECTOR.with_suffix(".LICENSE"), folder / DETECTOR.with_suffix(".LICENSE").name)
    shutil.copy(CHECKOUT / "LICENSE", folder / "LICENSE")
    (folder / "samples").mkdir(exist_ok=True)
    shutil.copy(SAMPLE, folder / "samples" / SAMPLE.name)
    (folder / "README.md").write_text(SPACE.format(model=info), encoding="utf-8")


def serve(folder: Path, port: int) -> None:
    """Serve a folder on this machine alone, until Ctrl-C.

    Raises:
        UserError: nothing can be served at this port, as when another program has it.
    """
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    try:
        server = ThreadingHTTPServer((HOST, port), handler)
    except (OSError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it must be 0 to 65535"
        raise UserError(f"port {port} cannot be used ({reason}): name another: make web PORT=8001") from error
    with server, suppress(KeyboardInterrupt):
        print(f"The page is at http://{HOST}:{server.server_port} until Ctrl-C.", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    with one_line_errors():
        main()
