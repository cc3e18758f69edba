"""The model's card: metadata that the Hub takes, scores of the metrics, limits of its data."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from huggingface_hub import ModelCard, ModelCardData

from emotion.evaluation import paper
from emotion.labels import CLASSES
from emotion.report.card import model_card
from emotion.report.run import FER2013, FERPLUS, OWN, RENDERED, Metrics
from experiments import results
from experiments.pretrained import ROW, SEED
from tests.support.classifiers import INFO, write_classifier
from tests.support.paths import ROOT
from tests.support.runs import finished_run

RUN = finished_run()
REPO = "chitradrishti/fer2013"


def written(
    folder: Path, data: str = FER2013, repo: str | None = REPO, scores: Metrics = RUN.scores
) -> tuple[ModelCardData, str]:
    """Return the metadata and the text of a card as they are read from its file, which checks the former."""
    card = model_card("paper_cnn", INFO, data, repo, "official", scores, RUN.exports)
    (folder / "README.md").write_text(str(card), encoding="utf-8")
    read = ModelCard.load(folder / "README.md", ignore_metadata_errors=False)
    assert isinstance(read.data, ModelCardData)
    return read.data, read.text


def test_the_metadata_are_read_again_with_task_dataset_and_licence(tmp_path: Path) -> None:
    data, _ = written(tmp_path)
    assert data.pipeline_tag == "image-classification"
    assert data.library_name == "onnx"
    assert data.datasets == [REPO]
    assert (data.license, data.license_name) == ("other", "research-only")


def test_the_metadata_have_each_metric_on_all_and_on_the_clean_faces_of_the_protocol(tmp_path: Path) -> None:
    results = written(tmp_path)[0].eval_results
    assert results
    found = {(each.dataset_config, each.metric_name): each.metric_value for each in results}
    assert found == {
        ("official split", "Accuracy"): RUN.scores["accuracy"],
        ("official split", "Macro F1"): RUN.scores["macro_f1"],
        ("official split, clean", "Accuracy"): RUN.scores["clean"]["accuracy"],
        ("official split, clean", "Macro F1"): RUN.scores["clean"]["macro_f1"],
    }
    assert {(each.dataset_type, each.dataset_split) for each in results} == {(REPO, "test")}


def test_near_clean_scores_are_in_the_metadata_and_in_the_text_where_they_were_taken(
    tmp_path: Path,
) -> None:
    scores = {**RUN.scores, "near_clean": {"accuracy": 0.51, "macro_f1": 0.5, "rows": 100}}
    data, text = written(tmp_path, scores=scores)
    found = {(each.dataset_config, each.metric_name): each.metric_value for each in data.eval_results or []}
    assert found["official split, near-clean", "Accuracy"] == 0.51
    assert "\n| near-clean | 100 | 0.5100 (0.4135 to 0.6058) | 0.5000 |\n" in text


def test_the_text_has_the_scores_of_the_metrics_and_of_the_paper(tmp_path: Path) -> None:
    _, text = written(tmp_path)
    for name in CLASSES:
        scores = RUN.scores["per_class"][name]
        shares = " | ".join(f"{scores[key]:.4f}" for key in ("precision", "recall", "f1"))
        assert f"| {name} | {scores['support']} | {shares} |" in text
    assert f"| {paper.ACCURACY:.3f} | {paper.MACRO_F1:.3f} |" in text
    assert "65 ± 5 %" in text
    assert "## Intended use" in text
    assert "{" not in re.sub(r"```.*?```", "", text, flags=re.DOTALL)


@pytest.mark.parametrize(("data", "licence"), [(RENDERED, "mit"), (OWN, None)])
def test_the_card_of_other_faces_claims_nothing_of_fer2013(
    tmp_path: Path, data: str, licence: str | None
) -> None:
    metadata, text = written(tmp_path, data, None)
    assert metadata.license == licence
    assert metadata.datasets is None
    assert not re.search(
        r"FER(-?2013|\+)|Goodfellow|the paper|people agree", f"{metadata}{text}", re.IGNORECASE
    )
    assert data in text


def test_the_card_of_other_labels_has_the_licence_of_the_faces_and_not_the_scores_of_the_paper(
    tmp_path: Path,
) -> None:
    metadata, text = written(tmp_path, FERPLUS)
    assert (metadata.license, metadata.datasets) == ("other", [REPO])
    assert "It was trained on FER-2013 under the labels of FER+ (official split)" in text
    assert "Here that class is the label, so the scores cannot be compared" in text
    assert not re.search(r"\| the paper|\| people", text)
    results = metadata.eval_results or []
    assert {each.dataset_name.partition(",")[0] for each in results} == {FERPLUS}


def test_tables_have_as_many_cells_in_each_row(tmp_path: Path) -> None:
    tables = re.findall(r"(?:^\|.*\n)+", written(tmp_path)[1], re.MULTILINE)
    assert len(tables) == 3
    for table in tables:
        lines = table.splitlines()
        assert re.fullmatch(r"(\|---)+\|", lines[1])
        assert len({line.count("|") for line in lines}) == 1
        assert len(lines) > 2


def test_the_example_of_the_card_works_beside_the_model(tmp_path: Path) -> None:
    (example,) = re.findall(r"^```python\n(.*?)^```", written(tmp_path)[1], re.MULTILINE | re.DOTALL)
    write_classifier(tmp_path / "emotion.onnx")
    done = subprocess.run([sys.executable, "-I", "-c", example], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Sad 0.9")  # a black face, and that classifier


def test_the_card_of_the_shipped_model_has_the_scores_of_its_row() -> None:
    data = ModelCard.load(ROOT / "pretrained/README.md", ignore_metadata_errors=False).data
    assert isinstance(data, ModelCardData)
    runs = results.read()
    (row,) = runs[(runs["row"] == ROW) & (runs["seed"] == SEED)].to_dict("records")
    found = {(each.dataset_config, each.metric_name): each.metric_value for each in data.eval_results or []}
    assert found == {
        ("official split", "Accuracy"): row["accuracy"],
        ("official split", "Macro F1"): row["macro_f1"],
        ("official split, clean", "Accuracy"): row["clean_accuracy"],
        ("official split, clean", "Macro F1"): row["clean_macro_f1"],
    }
