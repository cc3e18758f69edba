"""The Data Docs of Great Expectations, made reproducible and readable offline."""

import re
from pathlib import Path

TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:]{8}Z|\d{8}T\d{6}\.\d{6}Z")
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# What a page loads from the Internet, the styles and handlers that rely on it, and an advertisement.
FROM_ELSEWHERE = re.compile(
    r'<(script|style|footer)\b.*?</\1>|<(?:link|img)\b[^>]*>| onclick="[^"]*"', re.DOTALL
)
STYLES = Path(__file__).with_name("docs.css")


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
    """Give the Data Docs a style sheet of our own for all that they load from the Internet.

    The index, a list made by a script, leads straight to the only validation instead.
    """
    styles = f"<style>\n{STYLES.read_text(encoding='utf-8')}</style>\n"
    for page in docs.rglob("*.html"):
        text = FROM_ELSEWHERE.sub("", page.read_text(encoding="utf-8"))
        page.write_text(text.replace("</head>", f"{styles}</head>", 1), encoding="utf-8")
    (validation,) = (docs / "validations").rglob("*.html")
    target = validation.relative_to(docs).as_posix()
    (docs / "index.html").write_text(
        '<!DOCTYPE html>\n<meta charset="utf-8">\n<title>Validation of FER-2013</title>\n'
        f'<meta http-equiv="refresh" content="0; url={target}">\n<a href="{target}">The validation</a>\n',
        encoding="utf-8",
    )
