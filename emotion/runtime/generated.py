"""Parts of the documents that the project writes itself, each between two marker lines."""

from pathlib import Path

from emotion.runtime.errors import UserError
from emotion.runtime.files import whole_file


def write_part(document: Path, name: str, part: str) -> None:
    """Replace a part of a document, and nothing else of it.

    Raises:
        UserError: see `with_part`.
    """
    text = with_part(document.read_text(encoding="utf-8"), name, part)
    with whole_file(document) as partial:
        partial.write_text(text, encoding="utf-8")


def with_part(text: str, name: str, part: str) -> str:
    """Return a text with `part` between the lines `<!-- name -->` and `<!-- end of the name -->`.

    Raises:
        UserError: the text does not have both lines.
    """
    begin, end = f"<!-- {name} -->\n", f"<!-- end of the {name} -->\n"
    before, found, rest = text.partition(begin)
    _, ended, after = rest.partition(end)
    if not (found and ended):
        raise UserError(f"there is no place for the {name}: add the lines {begin.strip()} and {end.strip()}")
    return before + begin + part + end + after
