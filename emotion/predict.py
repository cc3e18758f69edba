"""Find the faces in photos, videos or a camera's picture, and name the emotion of each.

Faces that are cut out already can come as a CSV, as FER-2013's do.

python -m emotion.predict party.jpg --out party.faces.jpg    # a table here, a picture with boxes there
python -m emotion.predict party.jpg --out seen.jpg --explain  # also what spoke for each emotion
python -m emotion.predict *.jpg --json                       # a JSON object a line
python -m emotion.predict clip.mp4 --out clip.faces.mp4      # and clip.faces.csv: emotions over time
python -m emotion.predict test.csv --json                    # a CSV of faces: a JSON object a row
python -m emotion.predict --camera 0                         # until Ctrl-C, or q in its window
"""

import argparse
import os
import sys
from pathlib import Path

from emotion.inference.drawing import FORMATS, Draw, annotated, check_picture, write_picture
from emotion.inference.photos import read_photo
from emotion.inference.recognizer import EmotionRecognizer, Face
from emotion.inference.reports import json_line, model_line, table
from emotion.inference.workers import in_order
from emotion.runtime.errors import UserError, one_line_errors

CSVS = (".csv", ".csv.gz", ".csv.zst", ".csv.zip")
VIDEOS = (".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi")


def main() -> None:
    """Do what the command line asks for; end without a word when nobody reads on, as before `| head`."""
    try:
        predict()
    except BrokenPipeError:
        os.dup2(
            os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno()
        )  # else Python's own end would fail, too
        sys.exit(1)


def predict() -> None:
    """Read the command line, and do what it asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", type=Path, nargs="*", help="photos, videos or CSVs of faces")
    parser.add_argument("--camera", type=int, metavar="N", help="watch camera N; 0 is the first")
    parser.add_argument("--json", action="store_true", help="JSON lines in place of a table")
    parser.add_argument(
        "--out", type=Path, help="where to write what is seen with faces marked; a folder for several"
    )
    parser.add_argument(
        "--model",
        type=Path,
        help="an exported model; by default pretrained/emotion.onnx, or else models/emotion.onnx",
    )
    parser.add_argument(
        "--explain",
        action="store_true",
        help="add to the pictures of --out what spoke for the emotion of each face (Grad-CAM); loads Keras "
        "and models/emotion.keras",
    )
    parser.add_argument(
        "--workers", type=int, default=_cores(), help="photos read at once; by default the cores"
    )
    args = parser.parse_args()
    if bool(args.files) == (args.camera is not None):
        parser.error("name either files or a camera: --camera 0")
    if args.workers < 1:
        parser.error(f"--workers is {args.workers}: it must be at least 1")
    if args.out and args.camera is not None:
        parser.error("--out is for files: a camera's faces are marked in its window")
    if args.explain and (args.out is None or not args.files or not all(map(is_photo, args.files))):
        parser.error("--explain is for photos, and adds to the pictures of --out: name one")
    workers = 1 if args.explain else min(args.workers, len(args.files))  # Keras takes every core for one
    recognizer = EmotionRecognizer(args.model, threads=1 if workers > 1 else 0)
    print(
        model_line(recognizer.path, recognizer.info), file=sys.stderr if args.json else sys.stdout, flush=True
    )
    if args.camera is not None:
        from emotion.inference.camera import watch

        watch(recognizer, args.camera, args.json)
        return
    draw: Draw = annotated
    if args.explain:
        from emotion.explain.photos import explained

        draw = explained(recognizer)
    if not predict_files(recognizer, args.files, args.json, args.out, workers, draw):
        sys.exit(1)


def predict_files(
    recognizer: EmotionRecognizer,
    files: list[Path],
    as_json: bool,
    out: Path | None,
    workers: int,
    draw: Draw,
) -> int:
    """Print what is in each file, and write it with its faces marked if asked to.

    A file that cannot be done costs a line on stderr, and the others go on.

    Args:
        recognizer: the models.
        files: photos, videos and CSVs of faces.
        as_json: print a JSON object a line in place of tables.
        out: where to write: a file, or a folder for several files; None writes nothing.
        workers: how many photos are worked on at once.
        draw: returns a photo, uint8 (H, W, 3), with its faces marked.

    Returns:
        How many files were done.

    Raises:
        UserError: `out` does not fit the files.
    """
    places = places_for(files, out)

    def look(file: Path) -> list[Face]:
        photo = read_photo(file)
        faces = recognizer.predict(photo)
        if file in places:
            write_picture(places[file], draw(photo, faces))
        return faces

    done = 0
    photos = in_order(look, [file for file in files if is_photo(file)], workers)
    for file in files:
        try:
            if is_video(file):
                from emotion.inference.video import predict_video

                predict_video(recognizer, file, places.get(file), as_json)
            elif is_csv(file):
                from emotion.inference.csv_faces import predict_csv

                predict_csv(recognizer, file, as_json)
            else:
                faces = next(photos)()
                print(
                    json_line(str(file), faces, str(recognizer.path)) if as_json else table(str(file), faces),
                    flush=True,
                )
            done += 1
        except UserError as error:
            print(f"error: {error}", file=sys.stderr, flush=True)
    return done


def places_for(files: list[Path], out: Path | None) -> dict[Path, Path]:
    """Return where each file's marked copy is to be written.

    Raises:
        UserError: a place is one of the files, is for two of them, or has an ending that cannot be written.
    """
    if out is None:
        return {}
    if csvs := [file for file in files if is_csv(file)]:
        raise UserError(
            f"--out marks faces in pictures, and {csvs[0]} is a CSV: its answers are printed alone"
        )
    if len(files) == 1 and not out.is_dir():
        places = {files[0]: out}
    else:
        places = {file: out / _marked_name(file) for file in files}
    if out.suffix and not out.is_dir() and len(files) > 1:
        raise UserError(f"--out {out} is one file, and there are {len(files)} to write: name a folder")
    originals = {file.resolve(): file for file in files}
    for file, place in places.items():
        if place.resolve() in originals:
            raise UserError(f"--out would write over {originals[place.resolve()]}: name another place")
        if not is_video(file):
            check_picture(place)
        elif not is_video(place):
            raise UserError(f"{place} must end in {', '.join(VIDEOS)}, as {file} is a video")
    if len(set(places.values())) < len(files):
        raise UserError(
            f"two of the files would be one in {out}: their names are the same; do them one by one"
        )
    return places


def is_video(file: Path) -> bool:
    """Say whether a file is a video, by its ending."""
    return file.suffix.lower() in VIDEOS


def is_csv(file: Path) -> bool:
    """Say whether a file is a CSV of faces, by its ending."""
    return file.name.lower().endswith(CSVS)


def is_photo(file: Path) -> bool:
    """Say whether a file is to be read as a photo."""
    return not is_video(file) and not is_csv(file)


def _marked_name(file: Path) -> str:
    suffix = ".mp4" if is_video(file) else file.suffix if file.suffix.lower() in FORMATS else ".png"
    return f"{file.stem}.faces{suffix}"


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


if __name__ == "__main__":
    with one_line_errors():
        main()
