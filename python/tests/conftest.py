"""What the tests share: the models, and texts to annotate."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from glossa_ner import Annotator

ROOT = Path(__file__).parents[2]
# Settings of each Spark that a test starts, in this process or another: few tasks and a JVM that starts quickly.
os.environ["SPARK_CONF_DIR"] = str(Path(__file__).parent / "spark")
GOLDEN = ROOT / "tests/golden"
SPARK_NLP_OPTIONS = {"case_sensitive": True, "pieces": "first", "mode": "truncate", "label_from_separator": True, "precision": "f32", "pad_as_o": False}
"""The options by which the engine does as Spark NLP 5.5.3 does."""


def pytest_addoption(parser):
    parser.addoption("--all", action="store_true", help="run also the tests that take long, which CI does not run")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--all"):
        return
    left_out = [item for item in items if item.get_closest_marker("full")]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def skip_or_fail(reason: str) -> None:
    """A test that needs a tool may be skipped where it is missing, except under CI."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def annotator() -> Annotator:
    return Annotator("cellular")


@pytest.fixture(scope="session")
def texts() -> list[str]:
    """Texts of all kinds: prose, odd characters of every length, blanks."""
    with (GOLDEN / "cases/pipeline_cellular.jsonl").open(encoding="utf-8") as lines:
        recorded = [json.loads(line)["text"] for line in lines]
    own = ["IL-2 gene expression and NF-kappa B activation requires CD28.", "\U0001f9ec IL-2 \U0001f9ec of the β-globin e\u0301 locus", "中文TNF-α"]
    return own + recorded[:60]


def frame(spark, texts):
    """A data frame of the texts, with their places as `id`."""
    return spark.createDataFrame(list(enumerate(texts)), "id int, text string")


def chunks_of(annotator, text):
    """What a row's chunks are to be."""
    fields = ("begin", "end", "text", "entity", "confidence", "result")
    return [tuple(getattr(chunk, name) for name in fields) for chunk in annotator.annotate(text).chunks]
