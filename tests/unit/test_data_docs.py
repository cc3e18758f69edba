"""The Data Docs of the stage `validate`: what they say, and that they load nothing and stay the same."""

import re
from pathlib import Path

import pytest

from emotion.validation.docs import STYLES
from tests.support.csvs import write_good_csv
from tests.support.verdicts import verdict


@pytest.fixture
def good(tmp_path: Path) -> Path:
    write_good_csv(tmp_path / "faces.csv")
    return tmp_path / "faces.csv"


def test_data_docs_lead_to_one_page_that_says_what_failed(good: Path) -> None:
    good.write_text(good.read_text().replace("\n3,", "\n8,", 1))
    assert verdict(good)["success"] is False
    docs = good.with_suffix("")
    (target,) = set(re.findall(r'(?:href|url)="?([^"]+)"', (docs / "index.html").read_text()))
    page = (docs / target).read_text()
    assert "every emotion is a class 0 to 6" in page
    assert re.search(r"1 unexpected value", page)
    assert '<i class="fas fa-times' in page
    assert (docs / target).parent.joinpath("../../../../index.html").resolve() == docs / "index.html"


def test_data_docs_load_nothing_and_have_the_styles_of_what_they_show(good: Path) -> None:
    good.write_text(good.read_text().replace("\n3,", "\n8,", 1))
    verdict(good)
    docs = good.with_suffix("")
    for page in docs.rglob("*.html"):
        text = page.read_text()
        assert not re.findall(r"https?://|<script|<link|<img|onclick", text), page
        assert page == docs / "index.html" or text.count("<style>") == 1
    (page,) = docs.glob("validations/**/*.html")
    body, styles = page.read_text().partition("</head>")[2], STYLES.read_text()
    shown = {name for classes in re.findall(r'class="([^"]*)"', body) for name in classes.split()}
    used = {"fa-check-circle", "fa-times", "alert", "card", "col-md-10", "ge-section", "sticky"}
    filtered = {
        "hide-succeeded-validation-target-child",
        "hide-succeeded-validations-column-section-target-child",
    }
    assert used | filtered <= shown
    assert all(f".{name}" in styles for name in used | filtered)
    assert re.findall(r'id="option\d"', body) == ['id="option1"', 'id="option2"']  # the second: failed only


def test_the_same_csv_gives_the_same_data_docs(good: Path) -> None:
    good.write_text(good.read_text().replace("\n3,", "\n8,", 1).replace(" ", " 999 ", 1))
    runs = []
    for _ in range(2):
        assert verdict(good)["failed"] > 1
        pages = good.with_suffix("").rglob("*.html")
        runs.append({page.relative_to(good.with_suffix("")): page.read_bytes() for page in pages})
    assert runs[0] == runs[1]
    assert len(runs[0]) == 3


def test_data_docs_stay_small_however_many_rows_are_faulty(tmp_path: Path) -> None:
    (tmp_path / "faces.csv").write_text("emotion,pixels,Usage\n" + "9,x,y\n" * 5000)
    assert verdict(tmp_path / "faces.csv")["success"] is False
    pages = list((tmp_path / "faces").rglob("*.html"))
    assert sum(page.stat().st_size for page in pages) < 500_000


def test_old_data_docs_are_replaced(good: Path) -> None:
    verdict(good)
    (good.with_suffix("") / "stale.html").touch()
    verdict(good)
    assert not (good.with_suffix("") / "stale.html").exists()
    assert len(list(good.with_suffix("").glob("validations/**/*.html"))) == 1
