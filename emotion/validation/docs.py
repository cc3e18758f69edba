"""The Data Docs of Great Expectations, made reproducible and readable offline."""

import re
from pathlib import Path

TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:]{8}Z|\d{8}T\d{6}\.\d{6}Z")
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SIGNS = """<style>
  td, th { border: 1px solid #ccc; padding: 0.3em }
  .fas.fa-check-circle::before { content: "\\2713"; font-family: sans-serif }
  .fas.fa-times::before { content: "\\2717"; font-family: sans-serif }
</style>
"""


def finish_docs(docs: Path) -> None:
    """Make the Data Docs in a folder the same for the same CSV, and readable without the Internet."""
    _make_reproducible(docs)
    _make_readable_offline(docs)


def _make_reproducible(docs: Path) -> None:
    """Take the time of the run and random identities out of the Data Docs: the same CSV, the same bytes."""
    (run,) = (page.parent for page in (docs / "validations").rglob("*.html"))
    run.rename(run.with_name("run"))
    for page in docs.rglob("*.html"):
        text = TIME.sub("undated", page.read_text(encoding="utf-8"))
        page.write_text(UUID.sub("", text), encoding="utf-8")


def _make_readable_offline(docs: Path) -> None:
    """Let the Data Docs do without the style sheets and scripts that they load from the Internet.

    The index, a list made by a script, leads straight to the only validation instead, and the signs
    for success and failure become characters.
    """
    (validation,) = (docs / "validations").rglob("*.html")
    text = validation.read_text(encoding="utf-8")
    validation.write_text(text.replace("</head>", f"{SIGNS}</head>", 1), encoding="utf-8")
    target = validation.relative_to(docs).as_posix()
    (docs / "index.html").write_text(
        '<!DOCTYPE html>\n<meta charset="utf-8">\n<title>Validation of FER-2013</title>\n'
        f'<meta http-equiv="refresh" content="0; url={target}">\n<a href="{target}">The validation</a>\n',
        encoding="utf-8",
    )
