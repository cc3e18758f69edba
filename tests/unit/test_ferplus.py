"""The votes of FER+: their file, and what follows from ten votes."""

import hashlib
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy as np
import pytest

from emotion.config.schema import load_params
from emotion.data.votes import NONE, distribution, majority, outcome
from emotion.evaluation.voters import disagreements, ranked, voter_scores
from emotion.runtime.errors import UserError
from emotion.source import ferplus
from emotion.source.ferplus import FERPLUS_CLASSES, HEADER, VOTED, get_votes, parse_votes, read_votes
from tests.support.parameters import write_params
from tests.support.servers import running

LINE = b"Training,fer0000000.png,4,0,0,1,3,2,0,0,0,0\n"  # 4 neutral, 1 sadness, 3 anger, 2 disgust
VOTES = HEADER + LINE


def counts(**votes: int) -> np.ndarray:
    """Return the counts of a row, from the names in the file."""
    return np.array([[votes.get(name, 0) for name in VOTED]], np.uint8)


def test_votes_are_read_by_the_names_of_their_columns() -> None:
    votes = parse_votes(VOTES + b"PrivateTest,,0,0,0,0,0,0,0,0,0,10\n", "votes.csv")
    assert votes.usage.tolist() == [0, 2]
    assert votes.counts.tolist() == [
        counts(neutral=4, sadness=1, anger=3, disgust=2)[0].tolist(),
        counts(NF=10)[0].tolist(),
    ]
    assert FERPLUS_CLASSES[6:] == ("Neutral", "Contempt")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "does not begin with the header"),
        (b"emotion,pixels,Usage\n", "does not begin with the header"),
        (VOTES + LINE[:-3] + b"\n", "line 3: no row of 10 votes"),
        (HEADER + LINE.replace(b"4", b"5"), "line 2: no row of 10 votes"),
        (HEADER + LINE.replace(b"4", b"2"), "line 2: no row of 10 votes"),
        (HEADER + LINE.replace(b"4", b"-4"), "line 2: no row of 10 votes"),
        (HEADER + LINE.replace(b"Training", b"Train"), "line 2: no row of 10 votes"),
        (HEADER + LINE.replace(b"fer0000000.png", b""), "line 2: a face without a name"),
    ],
)
def test_a_row_that_is_none_of_votes_is_named(content: bytes, says: str) -> None:
    with pytest.raises(UserError, match=f"^votes.csv.*{says}"):
        parse_votes(content, "votes.csv")


def test_one_of_ten_votes_may_be_missing() -> None:
    assert parse_votes(HEADER + LINE.replace(b"4", b"3"), "votes.csv").counts.sum() == 9


def test_no_votes_are_the_header_alone(tmp_path: Path) -> None:
    (tmp_path / "votes.csv").write_bytes(HEADER)
    assert read_votes(tmp_path / "votes.csv") is None
    with pytest.raises(UserError, match=r"none.csv cannot be read \(No such file.*; run: dvc repro fetch"):
        read_votes(tmp_path / "none.csv")


def test_a_file_is_taken_if_it_has_the_sha256_that_is_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "fer2013new.csv"
    file.write_bytes(VOTES)
    sha256 = hashlib.sha256(VOTES).hexdigest()
    assert get_votes(file, sha256) == get_votes(file, None) == VOTES
    with pytest.raises(UserError, match=f"has SHA-256 {sha256}, and fetch.ferplus_sha256 is 00"):
        get_votes(file, "0" * 64)


def test_what_cannot_be_read_or_is_too_large_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UserError, match=r"^fetch.ferplus '.*none.csv' cannot be read \(No such file or dir"):
        get_votes(tmp_path / "none.csv", None)
    (tmp_path / "votes.csv").write_bytes(VOTES)
    monkeypatch.setattr(ferplus, "LIMIT", len(VOTES) - 1)
    with pytest.raises(UserError, match=r"has more than .* bytes: it is no file of votes"):
        get_votes(tmp_path / "votes.csv", None)


class Served(BaseHTTPRequestHandler):
    """Serves votes at /votes.csv, breaks off after half of them at /half.csv, and knows nothing else."""

    def do_GET(self) -> None:
        self.send_response(404 if self.path == "/none.csv" else 200)
        self.send_header("Content-Length", str(len(VOTES)))
        self.end_headers()
        self.wfile.write(VOTES if self.path == "/votes.csv" else VOTES[: len(VOTES) // 2])

    def log_message(self, *args: object) -> None:
        """Keep quiet."""


def test_votes_come_by_a_url_whole_or_not_at_all() -> None:
    with running(HTTPServer(("127.0.0.1", 0), Served)) as address:
        assert get_votes(f"http://{address}/votes.csv", hashlib.sha256(VOTES).hexdigest()) == VOTES
        for path, reason in (("half.csv", "the server broke off"), ("none.csv", "HTTP Error 404")):
            with pytest.raises(UserError, match=rf"/{path}' cannot be read \({reason}"):
                get_votes(f"http://{address}/{path}", None)
    with pytest.raises(UserError, match=r"cannot be read \(.*refused"):
        get_votes(f"http://{address}/votes.csv", None)
    with pytest.raises(UserError, match=r"^fetch.ferplus 'http://' cannot be read"):
        get_votes("http://", None)


def test_a_row_has_the_class_of_more_than_half_of_its_votes_without_single_ones() -> None:
    rows = {
        6: counts(neutral=6, sadness=4),
        4: counts(sadness=4, neutral=3, anger=1, fear=1, disgust=1),  # 4 of the 7 that count
        7: counts(contempt=10),
        NONE: counts(neutral=5, sadness=5),
    }
    for expected, row in rows.items():
        assert majority(row).tolist() == [expected]
    assert majority(counts(happiness=3, sadness=3, fear=3, anger=1)).tolist() == [NONE]
    assert majority(counts(unknown=6, neutral=4)).tolist() == majority(counts(NF=10)).tolist() == [NONE]
    assert outcome(np.concatenate([counts(unknown=6), counts(NF=10)])).tolist() == [8, 9]
    every_single = dict.fromkeys(VOTED, 1)
    assert majority(counts(**every_single)).tolist() == [NONE]


@pytest.mark.parametrize(
    ("votes", "shares"),
    [
        ({"neutral": 8, "sadness": 2}, {"neutral": 1.0}),  # 8 of 10 are enough
        ({"neutral": 7, "sadness": 3}, {"neutral": 0.7, "sadness": 0.3}),
        ({"neutral": 5, "sadness": 3, "anger": 2}, {"neutral": 5 / 8, "sadness": 3 / 8}),
        ({"neutral": 4, "sadness": 3, "anger": 3}, {"neutral": 0.4, "sadness": 0.3, "anger": 0.3}),
        ({"neutral": 4, "sadness": 2, "anger": 2, "fear": 2}, {}),  # four classes
        ({"neutral": 6, "unknown": 4}, {"neutral": 1.0}),  # nothing after "unknown"
        ({"neutral": 5, "unknown": 5}, {}),  # no more than half
        ({"unknown": 6, "neutral": 4}, {}),
        ({"NF": 10}, {}),
        (
            {"contempt": 4, "disgust": 3, "fear": 1, "anger": 1, "sadness": 1},
            {"contempt": 4 / 7, "disgust": 3 / 7},
        ),
    ],
)
def test_a_row_has_the_shares_of_its_strongest_classes(
    votes: dict[str, int], shares: dict[str, float]
) -> None:
    found = distribution(counts(**votes))
    assert found.dtype == np.float32
    assert found[0] == pytest.approx([shares.get(name, 0) for name in VOTED[:-2]])


def test_a_row_with_a_majority_has_it_as_its_largest_share() -> None:
    rng = np.random.default_rng(0)
    votes = rng.multinomial(10, rng.dirichlet(np.full(len(VOTED), 0.4), 5000)).astype(np.uint8)
    voted, shares = majority(votes), distribution(votes)
    known = voted != NONE
    assert 1000 < known.sum() < 4500
    assert np.array_equal(shares[known].argmax(axis=1), voted[known])
    assert shares.sum(axis=1) == pytest.approx(shares.any(axis=1).astype(float), abs=1e-6)


def test_disagreements_say_with_whom_the_voters_side() -> None:
    labels = np.array([0, 0, 0, 0, 1, 1])
    predicted = np.array([1, 1, 1, 0, 1, 0])
    voted = np.array([1, 0, 6, 0, 1, -1])
    first, second = disagreements(labels, predicted, voted, 2)
    assert first == (3, 1, 1, 1)
    assert second == (0, 0, 0, 0)


def test_scores_by_voters_of_no_row_are_none() -> None:
    nobody = np.full(3, -1)
    assert voter_scores(np.zeros(3), np.zeros(3), nobody) == {
        "rows": 0,
        "labels": None,
        "predictions": None,
        "agreed": {"rows": 0, "accuracy": None},
        "others": {"rows": 0, "accuracy": None},
    }


def test_the_labels_that_a_model_finds_least_likely_come_first() -> None:
    labels, voted = np.zeros(5, int), np.array([0, 1, 0, 1, -1])
    own = np.array([0.9, 0.1, 0.2, 0.3, 0.0])  # the last has no majority
    found = ranked(labels, np.column_stack([own, 1 - own]), voted, (1, 2, 4, 9))
    assert found == (4, 0.5, {1: 1.0, 2: 0.5, 4: 0.5}, 0.75)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"preprocess": {"labels": "ferplus_soft"}}, "preprocess.labels is ferplus_soft: it needs FERPlus's"),
        (
            {
                "data": {"classes": ["cat", "dog"]},
                "validate": {"dataset": "own"},
                "fetch": {"ferplus": "votes.csv"},
            },
            "fetch.ferplus has votes on FER-2013's classes: data.classes must be null",
        ),
    ],
)
def test_parameters_that_do_not_go_together_are_refused(
    tmp_path: Path, changes: dict[str, dict[str, object]], says: str
) -> None:
    write_params(tmp_path, **changes)
    with pytest.raises(UserError, match=says):
        load_params(tmp_path / "params.yaml")
