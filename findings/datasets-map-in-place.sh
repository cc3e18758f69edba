#!/bin/sh
# datasets: what `map` changes in a picture in place is lost, without a word, if the picture came from a file.
#
# datasets 5.2.0 with Pillow 13.0.0. A picture that was opened from a file is written back as the path of that
# file, whatever was done to it since. A box drawn over a face with ImageDraw, `thumbnail`, `paste`: the
# function runs, `map` ends well, and the new dataset shows the old picture, face and all. The same function
# works when the dataset carries the bytes of the pictures (Parquet), and when it changes a copy.
# One would expect the picture that the function returned, or else an error.
#
# Seen, of a white picture of 100 by 100 pixels:
#   files: cover gives size (100, 100), darkest pixel 255
#   files: shrink gives size (100, 100), darkest pixel 255
#   files: cover_copy gives size (100, 100), darkest pixel 0
#   bytes: cover gives size (100, 100), darkest pixel 0
#   bytes: shrink gives size (48, 48), darkest pixel 255
#   bytes: cover_copy gives size (100, 100), darkest pixel 0
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet datasets==5.2.0 pillow==13.0.0
export HOME="$work" HF_HOME="$work/hf" HF_HUB_OFFLINE=1

cd "$work"
venv/bin/python - <<'END'
import pathlib

import PIL.Image
import PIL.ImageDraw
from datasets import Dataset, Features, Image, disable_progress_bars, load_dataset


def cover(row):
    PIL.ImageDraw.Draw(row["image"]).rectangle((20, 20, 80, 80), fill=0)
    return row


def shrink(row):
    row["image"].thumbnail((48, 48))
    return row


def cover_copy(row):
    return cover({"image": row["image"].copy()})


disable_progress_bars()
file = pathlib.Path("faces/1.png")
file.parent.mkdir()
PIL.Image.new("L", (100, 100), 255).save(file)
sources = {
    "files": load_dataset("imagefolder", data_dir="faces", split="train"),
    "bytes": Dataset.from_dict(
        {"image": [{"bytes": file.read_bytes(), "path": None}]}, features=Features({"image": Image()})
    ),
}
whole, small = (100, 100), (48, 48)
for source, change, seen in [
    ("files", cover, (whole, 255)),
    ("files", shrink, (whole, 255)),
    ("files", cover_copy, (whole, 0)),
    ("bytes", cover, (whole, 0)),
    ("bytes", shrink, (small, 255)),
    ("bytes", cover_copy, (whole, 0)),
]:
    picture = sources[source].map(change)[0]["image"]
    darkest = picture.getextrema()[0]
    print(f"{source}: {change.__name__} gives size {picture.size}, darkest pixel {darkest}")
    assert (picture.size, darkest) == seen, "no longer so"
END
