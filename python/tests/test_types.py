"""The types, as mypy reads them from what is installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import glossa_ner

PACKAGE = Path(glossa_ner.__file__).parent
RIGHT = """
from glossa_ner import Annotation, Annotator, Chunk
from glossa_ner.arrow import annotate
annotator = Annotator("cellular", threshold=0.5, mode="truncate", tokenizer={"split_chars": ["-"]})
found: Annotation = annotator.annotate("IL-2", entities=["protein"])
first: Chunk = found.chunks[0]
code: str = next(annotator.annotate_all(["a"])).error.code  # WRONG: it may be None
annotator.annotate(5)  # WRONG
Annotator("cellular", threshold="high")  # WRONG
Annotator("cellular", mode="fast")  # WRONG
Annotator("cellular", no_option=1)  # WRONG
annotate(5, model=annotator, layout="spark")  # WRONG
"""


def mypy(*arguments: str) -> list[str]:
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--cache-dir", "/dev/null", *arguments]
    return subprocess.run(command, stdout=subprocess.PIPE, cwd="/").stdout.decode().splitlines()


def test_the_package_is_typed():
    assert mypy(str(PACKAGE)) == []


def test_callers_are_told_of_wrong_types(tmp_path):
    (tmp_path / "program.py").write_text(RIGHT)
    wrong = [number for number, line in enumerate(RIGHT.splitlines(), 1) if "WRONG" in line]
    lines = [int(line.split(":")[1]) for line in mypy(str(tmp_path / "program.py")) if ": error: " in line]
    assert lines == wrong


def test_the_options_are_those_of_the_schema():
    script = Path(__file__).parents[1] / "make_options.py"
    subprocess.run([sys.executable, script, "--check"], check=True)
