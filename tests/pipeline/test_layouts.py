"""Faces that are no official CSV go through the whole pipeline, and DVC watches those in data/own."""

import json

import numpy as np
import onnx
import pandas as pd
from PIL import Image

from emotion.source.fer2013 import read_csv
from tests.support.project import STAGES, Project

OWN = ("smiling", "frowning", "neither of them")  # in no order of an alphabet


def test_a_folder_of_pictures_of_own_classes_becomes_a_model_and_a_changed_picture_is_fetched_again(
    project: Project,
) -> None:
    csv, own = project.folder / "data/raw/fer2013.csv", project.folder / "data/own/faces"
    faces = read_csv(csv)
    labels = faces.emotion % len(OWN)
    for row, (image, label) in enumerate(zip(faces.images[..., 0], labels, strict=True)):
        folder = own / OWN[label].upper()
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / f"{row}.png")
    project.set(fetch__source="file", fetch__path="data/own/faces", fetch__sha256=None)
    said = project.run("dvc", "repro", status=255)
    assert "the classes are Angry, Disgust" in said
    assert "data.classes: [FROWNING, NEITHER OF THEM, SMILING]" in said
    project.set(data__classes=list(OWN))
    assert "data.classes names others than FER-2013's: validate.dataset must be own" in project.run(
        "dvc", "repro", status=255
    )
    project.set(validate__dataset="own")

    assert project.repro() == STAGES
    table = read_csv(csv, OWN)
    assert np.bincount(table.emotion).tolist() == np.bincount(labels).tolist()
    assert sorted(map(bytes, table.images)) == sorted(map(bytes, faces.images))
    assert json.loads(project.read("metrics/validation.json"))["classes"] == dict(
        zip(OWN, np.bincount(labels).tolist(), strict=True)
    )
    assert list(json.loads(project.read("metrics/evaluation.json"))["per_class"]) == list(OWN)
    predictions = pd.read_csv(project.folder / "plots/evaluation/predictions.csv")
    assert set(predictions["actual"]) == set(OWN)
    exported = onnx.load(project.folder / "models/emotion.onnx")
    metadata = {entry.key: entry.value for entry in exported.metadata_props}
    assert json.loads(metadata["classes"]) == list(OWN)
    for page in ("report/index.html", "models/README.md"):
        text = project.read(page).decode("utf-8")
        assert all(name in text for name in OWN)
        assert "Surprise" not in text

    assert project.repro() == []
    Image.new("L", (48, 48), 7).save(own / OWN[0].upper() / "more.png")
    assert project.repro("fetch") == ["fetch"]
    assert len(read_csv(csv, OWN)) == len(faces) + 1
