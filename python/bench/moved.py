"""Runs the two jobs of docs/spark-nlp.md, Spark NLP's and ours, and compares their entities: python python/bench/moved.py

In the environment that run.py makes. The model is that of the tests, as Spark NLP saves it.
"""

from __future__ import annotations

import glob
import json
import os
import re
import subprocess
import tempfile
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as parquet
import run
import texts

ROOT = run.ROOT


def main() -> None:
    run.prepare(__file__)
    page = (ROOT / "docs/spark-nlp.md").read_text(encoding="utf-8")
    jobs = re.findall(r"^```python\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    with (ROOT / "tests/golden/cases/pipeline_cellular.jsonl").open(encoding="utf-8") as lines:
        rows = [json.loads(line)["text"] for line in lines]
    rows += texts.abstracts(100, texts.sentences_of(None))
    jars = ",".join(jar for jar in glob.glob(str(run.WORK / "jars/*.jar")) if "scala-library" not in jar)
    found = []
    with tempfile.TemporaryDirectory() as folder:
        zipfile.ZipFile(ROOT / "tests/golden/models/saved_hub_root.zip").extractall(f"{folder}/model")
        os.mkdir(f"{folder}/abstracts")
        parquet.write_table(pa.table({"id": range(len(rows)), "text": rows}), f"{folder}/abstracts/all.parquet")
        for job, settings in zip(jobs, [f"--jars {jars} pyspark-shell", "pyspark-shell"]):
            environment = {**os.environ, "PYSPARK_PYTHON": str(run.PYTHON), "PYSPARK_SUBMIT_ARGS": f"--driver-memory 4g {settings}"}
            subprocess.run([run.PYTHON, "-c", job], cwd=folder, env=environment, check=True)
            found.append({tuple(row.values()) for row in parquet.read_table(f"{folder}/entities").to_pylist()})
    theirs, ours = found
    print(f"{len(rows)} texts; entities of both: {len(theirs & ours)}; of Spark NLP alone: {len(theirs - ours)}; of Glossa alone: {len(ours - theirs)}")


if __name__ == "__main__":
    main()
