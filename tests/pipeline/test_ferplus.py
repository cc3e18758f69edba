"""FER+'s votes under real DVC: watched in data/own, labels of the splits, and known to evaluate."""

import json

import numpy as np

from emotion.data.storage import SPLITS, load_split
from emotion.labels import CLASSES
from emotion.source.fer2013 import read_csv
from emotion.source.ferplus import FERPLUS_CLASSES, HEADER
from tests.support.project import Project
from tests.support.votes import votes_of


def test_votes_in_data_own_are_watched_and_make_the_labels(project: Project) -> None:
    assert project.read("data/raw/ferplus.csv") == HEADER
    table = read_csv(project.folder / "data/raw/fer2013.csv")
    happy = np.flatnonzero(table.emotion == CLASSES.index("Happiness"))
    voted = table.emotion.copy()
    voted[happy[::2]] = FERPLUS_CLASSES.index("Contempt")
    own = project.folder / "data/own/fer2013new.csv"
    own.write_bytes(votes_of(voted, table.usage))
    project.set(fetch__ferplus="data/own/fer2013new.csv", fetch__ferplus_sha256=None)
    project.set(preprocess__labels="ferplus_majority")

    assert project.repro("preprocess") == ["fetch", "preprocess"]
    for name in SPLITS:
        split = load_split(project.folder / "data/splits" / name)
        assert split.classes == FERPLUS_CLASSES
        assert np.array_equal(split.labels, voted[split.rows])

    voted[happy[1]] = -1
    own.write_bytes(votes_of(voted, table.usage))
    assert project.repro("preprocess") == ["fetch", "preprocess"]
    splits = [load_split(project.folder / "data/splits" / name) for name in SPLITS]
    assert sum(map(len, splits)) == len(table) - 1

    project.set(preprocess__labels="fer2013")  # the votes stay, for evaluate
    assert project.repro("evaluate") == ["preprocess", "evaluate"]
    voters = json.loads(project.read("metrics/evaluation.json"))["voters"]
    assert 0 < voters["rows"] <= len(load_split(project.folder / "data/splits/test"))
