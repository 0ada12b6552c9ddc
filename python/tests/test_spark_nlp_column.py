"""The chunk column in Spark NLP's schema is that of real Spark NLP 5.5.3, as spark_nlp/record.py recorded it."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
from conftest import GOLDEN, SPARK_NLP_OPTIONS

from glossa_ner import Annotator
from glossa_ner.arrow import annotate

with open(__file__.replace("test_spark_nlp_column.py", "spark_nlp/column.json"), encoding="ascii") as file:
    RECORDED = json.load(file)


def comparable(chunks):
    """Chunks without their confidences, and these as numbers: scores are equal to 1e-4."""
    chunks = [{**chunk, "metadata": dict(chunk["metadata"])} for chunk in chunks]
    return chunks, [float(chunk["metadata"].pop("confidence")) for chunk in chunks]


def test_the_rows_are_those_of_spark_nlp():
    annotator = Annotator(GOLDEN / "models/cellular", **SPARK_NLP_OPTIONS)
    rows = RECORDED["rows"]
    table = pa.table({"text": [row["text"] for row in rows]})
    found = pa.table(annotate(table, model=annotator, layout="spark-nlp", columns={"chunks": "ner_chunk"}))
    compared = 0
    for row, chunks in zip(rows, found["ner_chunk"].to_pylist()):
        own, confidences = comparable(chunks)
        expected, recorded = comparable(row["ner_chunk"])
        assert own == expected
        assert confidences == pytest.approx(recorded, abs=1e-4)
        compared += len(chunks)
    assert compared > 200


def arrow_type(spark):
    """The Arrow type of a type in Spark's JSON, with what may be null."""
    if isinstance(spark, str):
        return {"string": pa.string(), "integer": pa.int32(), "float": pa.float32()}[spark]
    if spark["type"] == "array":
        return pa.list_(pa.field("element", arrow_type(spark["elementType"]), spark["containsNull"]))
    if spark["type"] == "map":
        return pa.map_(arrow_type(spark["keyType"]), pa.field("value", arrow_type(spark["valueType"]), spark["valueContainsNull"]))
    return pa.struct([pa.field(one["name"], arrow_type(one["type"]), one["nullable"]) for one in spark["fields"]])


def test_the_type_is_that_of_spark_nlp(annotator):
    found = pa.table(annotate(pa.table({"text": ["a"]}), model=annotator, layout="spark-nlp"))
    assert found.schema.field("chunks").type == arrow_type(RECORDED["column"]["type"])
