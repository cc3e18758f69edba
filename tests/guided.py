"""Fuzz the reader with inputs that Atheris grows towards code that was not reached before.

    pip install atheris
    python -m tests.guided -runs=100000 -max_len=20000 -seed=1

It begins with a good CSV and its zip, and ends at the first input that breaks the rule of tests/fuzz.py. The
options are those of libFuzzer. Atheris is not among the dependencies.
"""

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["emotion", "zipfile"]):
    from emotion.source.fer2013 import PIXELS
    from tests.fuzz import compare, unpacked
    from tests.support.fetching import zipped

CSV = b"emotion,pixels,Usage\n" + b"".join(
    b"%d,%s,%s\n" % (label, b" ".join(b"%d" % (place % 256) for place in range(PIXELS)), usage)
    for label, usage in enumerate([b"Training", b"PublicTest", b"PrivateTest"])
)


def main() -> None:
    """Fuzz until the options of libFuzzer say that it is enough."""
    with tempfile.TemporaryDirectory() as folder:
        corpus, source, csv = (Path(folder) / name for name in ("corpus", "source", "faces.csv"))
        corpus.mkdir()
        for name, content in {"csv": CSV, "zip": zipped(CSV)}.items():
            (corpus / name).write_bytes(content)

        def take(data: bytes) -> None:
            source.write_bytes(data)
            content, error = unpacked(source)
            assert error.isprintable()
            if not error:
                csv.write_bytes(content)
                compare(csv)

        atheris.Setup([*sys.argv, str(corpus)], take)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
