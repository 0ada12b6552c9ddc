"""The snippets of docs/python.md and the examples, as they stand there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile

import pyarrow
import pyarrow.parquet
import pytest
from conftest import GOLDEN, ROOT, skip_or_fail

pytestmark = pytest.mark.timeout(240)


def run(*command, cwd) -> str:
    # Spark's workers would run the python3 of the path.
    environment = {**os.environ, "PYSPARK_PYTHON": sys.executable}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    done = subprocess.run([sys.executable, *command], cwd=cwd, env=environment, **pipes)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def need_java():
    if shutil.which("java") is None:
        skip_or_fail("Spark needs Java")


def snippets_of(page) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```$", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("page", ["README.md", "python/README.md"])
def test_the_first_lines(page, tmp_path):
    (snippet,) = snippets_of(page)
    (tmp_path / "first.py").write_text(snippet, encoding="utf-8")
    assert "NF-kappa B" in run("first.py", cwd=tmp_path)


@pytest.mark.spark
def test_the_snippets_of_the_guide(request, tmp_path):
    need_java()
    snippets = snippets_of("docs/python.md")
    assert len(snippets) >= 8
    (tmp_path / "guide.py").write_text("\n".join(snippets), encoding="utf-8")
    printed = run("guide.py", cwd=tmp_path)
    for words in ("DNA IL-2 gene 0.", "1 input_invalid text: it is of type NoneType", "input_invalid", "|IL-2 gene|   DNA|", "{}"):
        assert words in printed
    assert printed.endswith("\n2\n")
    if request.config.getoption("--all"):
        # Run again, it goes on with what was written.
        assert run("guide.py", cwd=tmp_path).endswith("\n2\n")


@pytest.mark.spark
def test_the_job_that_was_spark_nlps(tmp_path):
    """What Spark NLP does with its own, python/bench/moved.py compares: it is too large to come here."""
    need_java()
    before, after = snippets_of("docs/spark-nlp.md")
    compile(before, "docs/spark-nlp.md", "exec")
    # What follows is said to stay as it is.
    assert before.split("\n\n")[-1] == after.split("\n\n")[-1]
    zipfile.ZipFile(GOLDEN / "models/saved_hub_root.zip").extractall(tmp_path / "model")
    pyarrow.parquet.write_table(pyarrow.table({"id": [1], "text": ["IL-2 gene expression requires NF-kappa B."]}), tmp_path / "abstracts")
    (tmp_path / "job.py").write_text(after, encoding="utf-8")
    run("job.py", cwd=tmp_path)
    entities = pyarrow.parquet.read_table(tmp_path / "entities")
    assert entities.column_names == ["id", "begin", "end", "text", "entity"] and len(entities) > 0


@pytest.mark.parametrize("name", ["polars_expression", "duckdb_function", "spark_job"])
def test_examples(name, tmp_path):
    if name == "spark_job":
        need_java()
    printed = run(ROOT / f"examples/python/{name}.py", cwd=tmp_path)
    assert re.search(r"1\W+IL-2 gene\W+DNA\W", printed) and re.search(r"2\W+NF-kappa B\W+protein\W", printed)
