"""`glossa_ner.spark` on a local Spark: results, errors before the job, faults."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
import time
from pathlib import Path

import pytest
from conftest import GOLDEN, SPARK_NLP_OPTIONS, chunks_of, frame, skip_or_fail
from test_spark_nlp_column import RECORDED, comparable

from glossa_ner import Annotator, GlossaError, installed_models

pytestmark = [pytest.mark.spark, pytest.mark.timeout(240)]
pyspark = pytest.importorskip("pyspark")

from pyspark.sql import SparkSession  # noqa: E402
from pyspark.sql import functions as F  # noqa: E402

from glossa_ner.spark import BATCH_ROWS, annotate  # noqa: E402


@pytest.fixture(scope="module")
def spark():
    if shutil.which("java") is None:
        skip_or_fail("Spark needs Java")
    os.environ["PYSPARK_PYTHON"] = sys.executable
    # Two tasks at once, of which each may fail three times, as on a cluster.
    builder = SparkSession.builder.master("local[2,4]").config("spark.ui.enabled", "false")
    builder = builder.config("spark.sql.shuffle.partitions", "4").config("spark.driver.memory", "2g")
    session = builder.config("spark.driver.host", "127.0.0.1").getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    yield session
    session.stop()


def test_rows_are_those_of_the_annotator(spark, annotator, texts):
    rows = annotate(frame(spark, texts), model="cellular").orderBy("id").collect()
    assert [row.text for row in rows] == texts
    assert [[tuple(chunk) for chunk in row.chunks] for row in rows] == [chunks_of(annotator, text) for text in texts]
    assert all(row.error_code is row.error_message is row.truncated_from is None for row in rows)


def test_results_depend_on_neither_partitions_nor_order(spark, texts):
    given = frame(spark, texts)
    expected = annotate(given.coalesce(1), model="cellular").orderBy("id").collect()
    for other in (given.repartition(7), given.orderBy(F.desc("id")), given.sample(0.999999, seed=1).union(given.limit(0))):
        assert annotate(other, model="cellular", rows_per_batch=3).orderBy("id").collect() == expected


def test_columns_of_all_types_pass_through(spark):
    given = spark.sql(
        "select 'IL-2 gene' as text, 1L as n, cast(1.5 as decimal(9,2)) as price, timestamp'2020-01-01 12:00:00' as at, "
        "date'2020-01-01' as day, X'00ff' as bytes, array(1, null) as list, map('a', array(named_struct('b', 1))) as map, "
        "named_struct('x', cast(null as string)) as record, true as yes"
    )
    found = annotate(given, model="cellular", columns=["chunks"])
    assert found.drop("chunks").schema == given.schema
    assert found.drop("chunks").collect() == given.collect()


def test_rows_that_fail_have_code_and_message(spark):
    given = frame(spark, ["IL-2 gene", None, "x" * 101]).union(spark.sql("select 3, cast(X'EDA080' as string)"))
    rows = annotate(given, model="cellular", max_characters=100).orderBy("id").collect()
    assert [row.error_code for row in rows] == [None, "input_invalid", "input_invalid", "input_invalid"]
    assert "null" in rows[1].error_message and "max_characters" in rows[2].error_message and "UTF-8" in rows[3].error_message
    assert rows[0].chunks[0].text == "IL-2 gene" and [row.chunks for row in rows[1:]] == [None] * 3


def test_no_rows_are_no_rows(spark):
    found = annotate(frame(spark, ["a"]).limit(0), model="cellular")
    assert found.collect() == [] and found.columns == ["id", "text", "chunks", "truncated_from", "error_code", "error_message"]


def test_the_chunk_column_is_spark_nlps(spark):
    rows = RECORDED["rows"]
    given = frame(spark, [row["text"] for row in rows])
    names = {"chunks": "ner_chunk"}
    found = annotate(given, model=GOLDEN / "models/cellular", layout="spark-nlp", columns=names, **SPARK_NLP_OPTIONS)
    assert found.schema["ner_chunk"].jsonValue() == RECORDED["column"]
    for row, expected in zip(found.orderBy("id").collect(), rows):
        own, confidences = comparable([chunk.asDict() for chunk in row.ner_chunk])
        other, recorded = comparable(expected["ner_chunk"])
        assert own == other and confidences == pytest.approx(recorded, abs=1e-4)
    # What code downstream of Spark NLP does.
    table = found.select(F.explode("ner_chunk").alias("chunk")).select("chunk.result", "chunk.metadata.entity", "chunk.begin")
    assert table.count() == sum(len(row["ner_chunk"]) for row in rows)
    # Its finisher and filters look for this.
    assert found.schema["ner_chunk"].metadata["annotatorType"] == "chunk"


def test_tokens_come_with_label_scores(spark, annotator):
    [row] = annotate(frame(spark, ["IL-2 gene"]), model="cellular", label_scores=2).collect()
    [expected] = annotator.annotate("IL-2 gene", label_scores=2).chunks
    found = [(t.begin, t.end, [tuple(label) for label in t.labels]) for t in row.chunks[0].tokens]
    assert found == [(t.begin, t.end, [(label.label, label.score) for label in t.labels]) for t in expected.tokens]


def test_the_transformer_is_saved_and_loaded(spark, tmp_path, texts):
    from pyspark.ml import Pipeline, PipelineModel
    from pyspark.ml.feature import SQLTransformer

    from glossa_ner.spark_ml import EntityAnnotator

    before = SQLTransformer(statement="select id, text as body from __THIS__")
    stage = EntityAnnotator("body", model="cellular", columns={"chunks": "entities"}, threshold=0.6, layout="spark-nlp")
    given = frame(spark, texts)
    model = Pipeline(stages=[before, stage]).fit(given)
    expected = model.transform(given).orderBy("id").collect()
    assert sum(len(row.entities) for row in expected) > 5
    model.save(str(tmp_path / "pipeline"))
    stage.save(str(tmp_path / "stage"))
    again = PipelineModel.load(str(tmp_path / "pipeline")).transform(given).orderBy("id").collect()
    assert again == expected
    alone = EntityAnnotator.load(str(tmp_path / "stage")).transform(given.withColumnRenamed("text", "body"))
    assert [row.entities for row in alone.orderBy("id").collect()] == [row.entities for row in expected]
    for wrong in (lambda: EntityAnnotator(model="cellular", no_option=1), lambda: EntityAnnotator(columns=["chunks"])):
        with pytest.raises(GlossaError) as raised:
            wrong()
        assert raised.value.code == "option_invalid"
    with pytest.raises(GlossaError, match="it is missing"):
        EntityAnnotator().transform(given)


WRONG = [
    ({"text": "body"}, "option_invalid", "no column 'body'; there are id, text"),
    ({"text": "id"}, "input_invalid", "of type int, not string"),
    ({"text": 5}, "option_invalid", "name of a column"),
    ({"model": "celular"}, "file_missing", "installed are biomedical, cellular"),
    ({"model": "/no/such/model"}, "file_missing", "/no/such/model"),
    ({"threshold": 3}, "option_invalid", "threshold"),
    ({"entities": ["nobody"]}, "option_invalid", "protein"),
    ({"no_option": 3}, "option_invalid", "no_option"),
    ({"columns": {"chunks": "ID"}}, "option_invalid", "two columns"),
    ({"columns": {"chunks": "x", "error_code": "X"}}, "option_invalid", "two columns"),
    ({"layout": "spark"}, "option_invalid", "spark-nlp"),
    ({"layout": "spark-nlp", "label_scores": 1}, "option_invalid", "label_scores"),
    ({"offset_unit": "x"}, "option_invalid", "offset_unit"),
    ({"threads": 0}, "option_invalid", "threads"),
    ({"rows_per_batch": 0}, "option_invalid", "rows_per_batch"),
    ({"max_characters": "1"}, "option_invalid", "max_characters"),
]


@pytest.mark.parametrize("arguments, code, words", WRONG, ids=range(len(WRONG)))
def test_what_is_wrong_is_told_before_the_job(spark, arguments, code, words):
    arguments = {"model": "cellular", **arguments}
    with pytest.raises(GlossaError, match=words) as raised:
        annotate(frame(spark, ["a"]), **arguments)
    assert raised.value.code == code


def test_frames_that_are_none_are_told(spark):
    twice = frame(spark, ["a"]).select("id", "text", "text")
    for df, code in [(twice, "option_invalid"), (None, "input_invalid"), ([1], "input_invalid"), (twice.rdd, "input_invalid")]:
        with pytest.raises(GlossaError) as raised:
            annotate(df, model="cellular")
        assert raised.value.code == code


def test_a_model_on_executors_need_not_be_on_the_driver(spark, annotator):
    path = installed_models()["cellular"]
    [row] = annotate(frame(spark, ["IL-2 gene"]), model=path, on_executors=True).collect()
    assert [tuple(chunk) for chunk in row.chunks] == chunks_of(annotator, "IL-2 gene")
    with pytest.raises(Exception, match="file_missing: on executor .*/no/such/model: .*put the model there"):
        annotate(frame(spark, ["a"]), model="/no/such/model", on_executors=True).collect()


def test_two_models_do_not_get_in_each_others_way(spark, annotator):
    other = Annotator("clinical_trials")
    text = "IL-2 gene expression in patients with breast cancer treated with placebo"
    given = frame(spark, [text])
    found = annotate(annotate(given, model="cellular", columns=["chunks"]), model="clinical_trials", columns={"chunks": "trials"})
    [row] = found.collect()
    assert [tuple(chunk) for chunk in row.chunks] == chunks_of(annotator, text)
    assert [tuple(chunk) for chunk in row.trials] == chunks_of(other, text)


def test_rows_of_a_megabyte_do_not_kill_a_worker(spark):
    spark.conf.set(BATCH_ROWS, 10_000)
    given = spark.range(0, 300, 1, 2).select("id", F.concat(F.lit("IL-2 gene "), F.expr("repeat(' ', 1000000)")).alias("text"))
    found = annotate(given, model="cellular")
    assert int(spark.conf.get(BATCH_ROWS)) == 64
    row = found.select(F.count("chunks"), F.sum(F.size("chunks")), F.sum(F.length("text"))).first()
    assert tuple(row) == (300, 300, 300 * 1_000_010)


def test_the_model_is_shipped_once_and_loaded_once_a_worker(spark):
    import pyarrow

    from glossa_ner.spark import _ship

    given = frame(spark, ["IL-2"] * 16).repartition(8)
    for _ in range(3):
        annotate(given, model="cellular").collect()
    model = _ship(given, "cellular", {})
    assert [Path(file).name for file in spark.sparkContext.listFiles].count(model.location) == 1

    def loaded(batches):
        for batch in batches:
            yield pyarrow.record_batch({"worker": [os.getpid()], "model": [id(model.load())]})

    rows = given.mapInArrow(loaded, "worker long, model long").collect()
    assert len({row.worker for row in rows}) == len({(row.worker, row.model) for row in rows}) < 8 <= len(rows)


def workers():
    """The processes of this program's Python workers: children of pyspark's daemon."""
    found = []
    parents = {}
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                parent = int((process / "stat").read_text().rsplit(")", 1)[1].split()[1])
                command = (process / "cmdline").read_bytes()
            except (OSError, IndexError):
                continue
            parents[int(process.name)] = parent
            if b"pyspark.daemon" in command or b"pyspark/daemon" in command:
                found.append(int(process.name))

    def is_ours(process):
        while process > 1:
            if process == os.getpid():
                return True
            process = parents.get(process, 0)
        return False

    return [process for process in found if parents.get(process) in found and is_ours(process)]


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="it looks for processes in /proc")
def test_a_killed_worker_is_run_again_with_the_same_result(spark, texts):
    given = frame(spark, texts * 6).repartition(4)
    expected = annotate(given, model="cellular").orderBy("id").collect()
    killed, over = [], threading.Event()

    def kill():
        while not over.is_set() and len(killed) < 2:
            time.sleep(0.5)
            for process in workers()[:1]:
                os.kill(process, signal.SIGKILL)
                killed.append(process)

    killer = threading.Thread(target=kill)
    killer.start()
    found = annotate(given, model="cellular").orderBy("id").collect()
    over.set()
    killer.join()
    assert killed and found == expected


def test_an_interrupted_job_goes_on_where_it_was(spark, tmp_path, texts):
    given = frame(spark, texts).withColumn("part", F.col("id") % 4)
    out = str(tmp_path / "out")

    def run(given, fail_at=None):
        """A part after another: each is written wholly or not at all."""
        for part in range(4):
            if part == fail_at:
                raise KeyboardInterrupt
            found = annotate(given.where(F.col("part") == part), model="cellular")
            found.write.mode("append").partitionBy("part").parquet(out)

    with pytest.raises(KeyboardInterrupt):
        run(given, fail_at=2)
    done = spark.read.parquet(out)
    assert 0 < done.count() < len(texts)
    run(given.join(done.select("id"), "id", "left_anti"))
    found = spark.read.parquet(out).select("id", "chunks").orderBy("id").collect()
    assert found == annotate(given, model="cellular").select("id", "chunks").orderBy("id").collect()
