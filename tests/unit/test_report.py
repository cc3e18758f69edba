"""The report of a run is one page that loads nothing, and its numbers are those of the metrics."""

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

from emotion.evaluation import paper
from emotion.labels import CLASSES
from emotion.report import page as report
from emotion.report.charts import Measured, curves, dots
from emotion.report.intervals import wilson
from emotion.report.page import page
from emotion.report.run import Run
from emotion.validation.facts import KNOWN_FAULTS
from tests.support.runs import ROWS, finished_run

SIZE_LIMIT = 3_000_000  # bytes
ADDRESSES = ("src", "href", "srcset", "data", "action", "poster", "xlink:href")
VOID = {"meta", "img", "br"}
ABSENT = "\N{EN DASH}"
INTERVAL = "95\N{NO-BREAK SPACE}% interval"


class Page(HTMLParser):
    """The tags of a page, the text of its cells by table, and what was left open."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.tables: list[list[list[str]]] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "td" in self.open or "th" in self.open:
            self.tables[-1][-1][-1] += data

    def table(self, head: str) -> dict[str, list[str]]:
        """Return the cells of the table with a column of this name, by the first of each row."""
        (found,) = (table for table in self.tables if any(cell.strip() == head for cell in table[0]))
        rows = [[" ".join(cell.split()) for cell in row] for row in found]
        return {row[0]: row[1:] for row in rows}


@pytest.fixture(scope="module")
def run() -> Run:
    return finished_run()


@pytest.fixture(scope="module")
def html(run: Run) -> str:
    return page(run, 8)


@pytest.fixture(scope="module")
def parsed(html: str) -> Page:
    return Page(html)


def test_every_tag_is_closed_where_it_belongs(parsed: Page) -> None:
    assert parsed.open == []
    assert len(parsed.tags) > 300


def test_the_page_loads_nothing(html: str, parsed: Page) -> None:
    for tag, attributes in parsed.tags:
        assert tag not in ("link", "iframe", "object", "embed", "base", "form", "image", "use")
        for name in ADDRESSES:
            address = attributes.get(name) or "#"
            assert address.startswith(("#", "data:image/png;base64,")), (tag, name)
    assert not re.search(r"https?:|@import|url\(", html)


def test_the_browser_is_told_to_load_nothing_and_to_run_this_script_alone(html: str, parsed: Page) -> None:
    (policy,) = (attributes["content"] for _, attributes in parsed.tags if "http-equiv" in attributes)
    (script,) = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy
    assert policy.startswith("default-src 'none'; img-src data:; ")
    assert policy.endswith(f"script-src 'sha256-{digest}'")


def test_the_largest_gallery_of_noise_is_within_the_limit() -> None:
    faces = finished_run(rows=2000)
    maps = {int(row): np.random.default_rng(row).random((6, 6)) for row in faces.test.rows}
    wrong = replace(faces, predicted=(faces.actual + 1) % len(CLASSES), maps=maps)
    text = page(wrong, 200)
    assert text.count("<img ") == 400
    assert len(text.encode()) < SIZE_LIMIT


def test_the_same_run_gives_the_same_page(html: str) -> None:
    assert page(finished_run(), 8) == html


def test_the_scores_are_those_of_the_metrics_and_of_the_paper(run: Run, parsed: Page) -> None:
    table = parsed.table("precision")
    for index, name in enumerate(CLASSES):
        scores = run.scores["per_class"][name]
        measured = [f"{scores[key]:.4f}" for key in ("precision", "recall", "f1")]
        of_paper = paper.F1[index]
        expected = [str(scores["support"]), *measured, f"{of_paper:.3f}", f"{scores['f1'] - of_paper:+.3f}"]
        assert table[name] == expected


def test_clean_scores_stand_beside_those_of_all_faces(run: Run, parsed: Page) -> None:
    table = parsed.table("clean")
    clean = run.scores["clean"]
    assert table["faces"] == [str(ROWS), str(clean["rows"])]
    assert table["accuracy"] == [f"{run.scores['accuracy']:.4f}", f"{clean['accuracy']:.4f}"]
    interval = wilson(clean["accuracy"], clean["rows"])
    assert table["95 % interval"] == [
        f"{run.scores['accuracy_low']:.4f} to {run.scores['accuracy_high']:.4f}",
        f"{interval[0]:.4f} to {interval[1]:.4f}",
    ]
    assert table["macro F1"] == [f"{run.scores['macro_f1']:.4f}", f"{clean['macro_f1']:.4f}"]


def test_near_clean_scores_stand_beside_the_clean_ones_where_they_were_taken(run: Run) -> None:
    near_clean = {"accuracy": 0.51, "macro_f1": 0.5, "rows": 100}
    scores = {**run.scores, "near_clean": near_clean}
    evaluate = {**run.params["evaluate"], "near_distance": 4}
    text = page(replace(run, scores=scores, params={**run.params, "evaluate": evaluate}), 0)
    table = Page(text).table("near-clean")
    low, high = wilson(0.51, 100)
    assert table["faces"][2] == "100"
    assert table["accuracy"][2] == "0.5100"
    assert table["95 % interval"][2] == f"{low:.4f} to {high:.4f}"
    assert "differ in more than 4 of 64 bits" in text
    assert "near-clean test faces: 0.5100" in text
    assert "near-clean" not in page(run, 0)


def test_the_scores_by_ferplus_voters_are_shown_where_their_votes_are_known(run: Run) -> None:
    voters = {
        **{"rows": 1400, "labels": 0.6714, "predictions": 0.71},
        **{"agreed": {"rows": 940, "accuracy": 0.8702}, "others": {"rows": 460, "accuracy": 0.4}},
    }
    table = Page(page(replace(run, scores={**run.scores, "voters": voters}), 0)).table(INTERVAL)
    cells = [("1,400", 1400, 0.6714), ("1,400", 1400, 0.71), ("940", 940, 0.8702), ("460", 460, 0.4)]
    expected = []
    for faces, rows, share in cells:
        low, high = wilson(share, rows)
        expected.append([faces, f"{share:.4f}", f"{low:.4f} to {high:.4f}"])
    assert list(table.values())[1:] == expected
    assert list(table)[1:] == [
        "label is the voters' majority",
        "answer is the voters' majority",
        "accuracy where the label is the majority",
        "accuracy where it is not",
    ]
    assert "voters" not in page(run, 0)


def test_an_accuracy_on_no_face_by_ferplus_voters_is_a_dash(run: Run) -> None:
    voters = {
        **{"rows": 90, "labels": 1.0, "predictions": 0.8},
        **{"agreed": {"rows": 90, "accuracy": 0.8}, "others": {"rows": 0, "accuracy": None}},
    }
    table = Page(page(replace(run, scores={**run.scores, "voters": voters}), 0)).table(INTERVAL)
    assert table["accuracy where it is not"] == ["0", ABSENT, ABSENT]


def test_near_duplicates_have_a_row_only_where_they_were_counted(run: Run) -> None:
    described = KNOWN_FAULTS["near_duplicates"]
    assert described in page(run, 0)
    assert described not in page(replace(run, verdict={**run.verdict, "near_duplicates": None}), 0)


def test_the_confusion_counts_every_face_once(run: Run, parsed: Page) -> None:
    table = parsed.table("Angry")
    counts = np.array([[int(cell.split()[-1]) for cell in table[name]] for name in CLASSES])
    assert counts.sum() == ROWS
    assert np.array_equal(counts.sum(axis=1), np.bincount(run.actual))
    assert np.array_equal(counts.sum(axis=0), np.bincount(run.predicted, minlength=len(CLASSES)))


def test_the_exports_and_the_known_faults_are_those_of_the_metrics(parsed: Page) -> None:
    assert parsed.table("size")["emotion.int8.onnx"] == [
        "0.85 MB",
        "0.6549",
        "0.17 points",
        "98.71 %",
        "4.5e-08",
    ]
    assert parsed.table("rows")["rows whose image stands in an earlier row"] == ["12", "0.03 %", "1,853"]


def test_the_mistakes_are_the_most_confident_ones_with_their_lines(run: Run, html: str) -> None:
    shown = re.findall(r"<span>([\d.]+).%</span>\s+<span>line ([\d,]+)</span>", html)
    wrong = np.flatnonzero(run.actual != run.predicted)
    surest = wrong[np.argsort(-run.confidence[wrong], kind="stable")][:8]
    assert shown == [(f"{100 * run.confidence[i]:.1f}", f"{run.test.rows[i] + 2:,}") for i in surest]


def test_a_mistake_has_beside_its_face_what_spoke_for_the_wrong_class_where_that_is_known(run: Run) -> None:
    wrong = np.flatnonzero(run.actual != run.predicted)
    surest = wrong[np.argsort(-run.confidence[wrong], kind="stable")]
    text = page(replace(run, maps={int(run.test.rows[surest[1]]): np.eye(6)}), 3)
    assert text.count("<img") == 4
    assert text.count(f'alt="what spoke for {CLASSES[run.predicted[surest[1]]]} in it"') == 1


def test_a_run_without_a_mistake_says_so(run: Run) -> None:
    text = page(replace(run, predicted=run.actual), 8)
    assert "<img" not in text
    assert "<p>None.</p>" in text


def test_a_report_without_a_gallery_shows_no_face_and_does_not_say_that_there_are_no_mistakes(
    run: Run,
) -> None:
    text = page(run, 0)
    assert "<img" not in text
    assert "None." not in text
    assert 'id="mistakes"' not in text
    assert "#mistakes" not in text
    assert "may not be redistributed" not in text


def test_what_differs_from_the_papers_recipe_is_listed_and_nothing_else(run: Run) -> None:
    assert run.differences() == {}
    params = {**run.params, "train": {**run.params["train"], "lr": 0.01, "flip": False, "seed": 9}}
    changed = replace(run, params=params)
    assert changed.differences() == {"train.lr": (0.0002, 0.01), "train.flip": (True, False)}
    table = Page(page(changed, 0)).table("paper's recipe")
    assert table["train.lr"] == ["0.0002", "0.01"]
    assert table["train.flip"] == ["true", "false"]


def test_the_run_names_its_data_and_its_model_by_their_hashes(run: Run, html: str) -> None:
    assert run.params["fetch"]["sha256"] in html
    assert f"git log --oneline -S {run.model_md5} -- dvc.lock" in html


def of_other_faces(run: Run, source: str) -> Run:
    params = {**run.params, "fetch": {**run.params["fetch"], "source": source}}
    return replace(run, params=params, verdict={**run.verdict, "classes": dict.fromkeys(CLASSES, 30)})


@pytest.mark.parametrize(
    ("source", "data", "words"),
    [
        ("faces", "rendered faces", "say nothing about real faces"),
        ("file", "own faces", "cannot be compared with the paper"),
    ],
)
def test_only_scores_of_fer2013_stand_beside_the_papers(run: Run, source: str, data: str, words: str) -> None:
    other = of_other_faces(run, source)
    assert other.data == data
    text = page(other, 8)
    assert words in text
    assert not re.search("paper (0\\.|reports)|Goodfellow|paper&#39;s F1", text)
    assert "may not be redistributed" not in text
    assert run.data == "FER-2013"
    assert words not in page(run, 8)


def test_scores_under_other_labels_stand_beside_no_others(run: Run) -> None:
    params = {**run.params, "preprocess": {**run.params["preprocess"], "labels": "ferplus_soft"}}
    other = replace(run, params=params)
    assert other.data == "FER-2013 under the labels of FER+"
    text = page(other, 8)
    assert "The labels are those of FER+'s voters" in text
    assert not re.search("paper (0\\.|reports)|Goodfellow|paper&#39;s F1", text)
    assert "may not be redistributed" in text


MARKUP = "<script>alert('1')</script>\"&"


def test_names_are_escaped_wherever_they_stand(run: Run) -> None:
    params = {name: {**section, "path": MARKUP} for name, section in run.params.items()}
    params["model"]["name"] = MARKUP
    verdict = {**run.verdict, "expectations": {MARKUP: MARKUP}}
    exports = {MARKUP: run.exports["emotion.int8.onnx"], "keras": {"accuracy": 0.5}}
    test = replace(run.test, classes=(MARKUP, *CLASSES[1:]))
    per_class = {MARKUP: run.scores["per_class"]["Angry"], **run.scores["per_class"]}
    scores = {**run.scores, "per_class": per_class}
    changed = replace(run, params=params, verdict=verdict, exports=exports, scores=scores, test=test)
    text = report.page(changed, 40)
    assert text.count("<script>") == 1
    assert "alert('1')" not in text
    assert text.count("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&#34;&amp;") > 20


@pytest.mark.parametrize("epochs", [1, 2, 300])
def test_curves_of_any_length_are_drawn(epochs: int) -> None:
    run = finished_run(epochs=epochs)
    text = page(run, 0)
    parsed = Page(text)
    assert not re.search(r"\bnan\b|\binf\b", text)
    spots = [
        attributes for tag, attributes in parsed.tags if (attributes.get("class") or "").startswith("spot")
    ]
    assert len(spots) == 2 * epochs + len(run.bins["rows"])
    assert [row[0] for row in parsed.table("validation loss").items()][1:] == [
        str(n + 1) for n in range(epochs)
    ]


def test_a_metric_that_never_changes_is_drawn() -> None:
    flat = {name: {"step": np.arange(3) + 1, "loss": np.full(3, 0.5)} for name in ("train", "validation")}
    drawn = curves("loss", flat, 2)
    assert {y for epoch in drawn.epochs for _, y in epoch.dots} == {drawn.kept.dots[0][1]}
    assert drawn.kept.text == "epoch 2: train 0.500, validation 0.500"


def test_an_accuracy_without_an_interval_is_drawn() -> None:
    _, (placed,), _ = dots([Measured("all", 1.0, 1.0, 1.0, "run")])
    assert placed.left == placed.x == placed.right


def test_ticks_between_whole_percentages_keep_their_decimals() -> None:
    ticks, _, _ = dots([Measured("of a million faces", 0.662, 0.6605, 0.6635, "run")])
    assert [tick.text for tick in ticks][:3] == ["66 %", "66.1 %", "66.2 %"]


def test_a_class_without_faces_and_a_split_without_clean_ones_have_dashes(run: Run) -> None:
    absent = {"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 0}
    changes: dict[str, Any] = {
        "per_class": {**run.scores["per_class"], "Disgust": absent},
        "clean": {"accuracy": None, "macro_f1": None, "rows": 0},
        "roc_auc": None,
    }
    parsed = Page(page(replace(run, scores={**run.scores, **changes}), 0))
    assert parsed.table("precision")["Disgust"] == ["0", *[ABSENT] * 3, "0.474", ABSENT]
    assert parsed.table("clean")["accuracy"][1] == ABSENT
    assert parsed.table("clean")["95 % interval"][1] == ABSENT


def test_wilsons_interval_is_that_of_the_literature() -> None:
    # Newcombe, "Two-sided confidence intervals for the single proportion", 1998, table I: 81 of 263, method 3
    assert wilson(81 / 263, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(0.0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
