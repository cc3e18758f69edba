"""Faces that are no official CSV go through the whole pipeline, and DVC watches those in data/own."""

import numpy as np
from PIL import Image

from emotion.labels import CLASSES
from emotion.source.fer2013 import read_csv
from tests.support.project import STAGES, Project


def test_a_folder_of_pictures_becomes_a_model_and_a_changed_picture_is_fetched_again(
    project: Project,
) -> None:
    csv, own = project.folder / "data/raw/fer2013.csv", project.folder / "data/own/faces"
    faces = read_csv(csv)
    for row, (image, label) in enumerate(zip(faces.images[..., 0], faces.emotion, strict=True)):
        folder = own / CLASSES[label].lower()
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / f"{row}.png")
    before = project.read("models/emotion.keras")
    project.set(fetch__source="file", fetch__path="data/own/faces", fetch__sha256=None)

    assert project.repro() == STAGES
    table = read_csv(csv)
    assert np.bincount(table.emotion).tolist() == np.bincount(faces.emotion).tolist()
    assert sorted(map(bytes, table.images)) == sorted(map(bytes, faces.images))
    assert project.read("models/emotion.keras") != before

    assert project.repro() == []
    Image.new("L", (48, 48), 7).save(own / "angry/more.png")
    assert project.repro("fetch") == ["fetch"]
    assert len(read_csv(csv)) == len(faces) + 1
