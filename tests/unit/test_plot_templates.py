"""What `dvc plots show` draws from: the templates that dvc.yaml names, and the page around the charts."""

import json
import re
from configparser import ConfigParser
from typing import Any

import pytest
from ruamel.yaml import YAML

from emotion.labels import CLASSES
from tests.support.paths import ROOT

FOLDER = ROOT / ".dvc" / "plots"
ACTUAL, PREDICTED = "<DVC_METRIC_Y>", "<DVC_METRIC_X>"


def template(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return content


@pytest.fixture(scope="module")
def plots() -> dict[str, dict[str, Any]]:
    dag = YAML(typ="safe", pure=True).load(ROOT / "dvc.yaml")
    return {name: plot for entry in dag["plots"] for name, plot in entry.items()}


def test_every_template_is_used_and_is_there(plots: dict[str, dict[str, Any]]) -> None:
    named = {plot["template"] for plot in plots.values() if "template" in plot}
    assert named == {path.stem for path in FOLDER.glob("*.json")}


def test_a_class_that_is_never_predicted_keeps_its_column_and_its_place() -> None:
    encoding = template("confusion_matrix")["spec"]["encoding"]
    for axis, field in (("x", PREDICTED), ("y", ACTUAL)):
        assert encoding[axis]["field"] == field
        assert encoding[axis]["scale"] == {"domain": list(CLASSES)}


def test_shares_are_of_all_faces_of_the_actual_class() -> None:
    aggregate, impute, total, share = template("confusion_matrix")["transform"]
    assert aggregate == {
        "aggregate": [{"op": "count", "as": "faces"}],
        "groupby": ["rev", ACTUAL, PREDICTED],
    }
    assert (impute["key"], impute["keyvals"], impute["value"]) == (PREDICTED, list(CLASSES), 0)
    assert impute["groupby"] == total["groupby"] == ["rev", ACTUAL]
    assert total["joinaggregate"] == [{"op": "sum", "field": "faces", "as": "of"}]
    assert share == {"calculate": "datum.faces / datum.of", "as": "share"}


def test_the_colour_of_a_share_does_not_depend_on_the_others() -> None:
    rectangle = template("confusion_matrix")["spec"]["layer"][0]
    assert rectangle["encoding"]["color"]["scale"]["domain"] == [0, 1]


def test_bars_of_a_score_begin_at_zero_and_are_in_the_order_of_the_classes() -> None:
    encoding = template("class_scores")["encoding"]
    assert encoding["x"]["scale"]["domain"] == [0, 1]
    assert encoding["y"]["scale"]["domain"] == list(CLASSES)


def test_reliability_has_its_diagonal() -> None:
    diagonal, model = template("reliability")["layer"]
    assert diagonal["data"]["values"] == [{"both": 0}, {"both": 1}]
    assert {diagonal["encoding"][axis]["field"] for axis in "xy"} == {"both"}
    assert [model["encoding"][axis]["scale"]["domain"] for axis in "xy"] == [[0, 1], [0, 1]]


def test_the_page_has_its_scripts_in_it_and_loads_nothing() -> None:
    config = ConfigParser()
    config.read(ROOT / ".dvc" / "config")
    page = (ROOT / ".dvc" / config["plots"]["html_template"]).read_text(encoding="utf-8")
    assert page.count("{plot_divs}") == 1
    assert "{scripts}" not in page  # where DVC would put its links
    assert page.count("<script>") == page.count("</script>") == 3
    assert all(f".{name}=" in page for name in ("vega", "vegaLite", "vegaEmbed"))
    around = re.sub(r"<!--.*?-->|<script>.*?</script>", "", page, flags=re.DOTALL)
    assert not re.search(r"script|link|import|src=|href=|url\(", around)
