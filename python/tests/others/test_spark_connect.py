"""`glossa_ner.spark` by Spark Connect: a server of Spark 4 on this machine, to which all goes by gRPC."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import chunks_of, frame, skip_or_fail

from glossa_ner import GlossaError, installed_models
from glossa_ner.spark import BATCH_ROWS, annotate

SERVER = "org.apache.spark.sql.connect.service.SparkConnectServer"
pytestmark = [pytest.mark.spark, pytest.mark.full, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The address of a server."""
    import pyspark

    if shutil.which("java") is None:
        skip_or_fail("Spark needs Java")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = Path(pyspark.__file__).parent
    settings = {"binding.port": port, "binding.address": "127.0.0.1"}
    confs = [part for name, value in settings.items() for part in ("--conf", f"spark.connect.grpc.{name}={value}")]
    command = [home / "bin/spark-submit", "--class", SERVER, "--master", "local[2]", *confs, "spark-internal"]
    log = tmp_path_factory.mktemp("server") / "log"
    with log.open("w") as out:
        environment = {**os.environ, "SPARK_HOME": str(home), "PYSPARK_PYTHON": sys.executable}
        server = subprocess.Popen(command, cwd=log.parent, env=environment, stdout=out, stderr=out)
    # The client would wait for minutes.
    while server.poll() is None and not listens(port):
        time.sleep(0.2)
    assert server.poll() is None, log.read_text()
    yield f"sc://127.0.0.1:{port}"
    server.terminate()
    server.wait()


@pytest.fixture(scope="module")
def spark(server):
    session = session_of(server)
    yield session
    session.stop()


def session_of(server):
    from pyspark.sql import SparkSession

    return SparkSession.builder.remote(server).create()


def listens(port):
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def test_rows_are_those_of_the_annotator_whatever_the_partitions(spark, annotator, texts):
    for given in (frame(spark, texts), frame(spark, texts).repartition(5)):
        rows = annotate(given, model="cellular").orderBy("id").collect()
        assert [row.text for row in rows] == texts
        assert [[tuple(chunk) for chunk in row.chunks] for row in rows] == [chunks_of(annotator, text) for text in texts]
    assert int(spark.conf.get(BATCH_ROWS)) == 64


def test_the_model_goes_to_a_session_once_and_another_session_gets_its_own(server, annotator):
    sent = []
    first = session_of(server)
    for session in (first, first, session_of(server)):
        add = session.addArtifacts

        def watched(*paths, add=add, **how):
            sent.append(paths)
            add(*paths, **how)

        session.addArtifacts = watched
        try:
            [row] = annotate(frame(session, ["IL-2 gene"]), model="cellular", threshold=0.1).collect()
        finally:
            del session.addArtifacts
        assert [tuple(chunk) for chunk in row.chunks] == chunks_of(annotator, "IL-2 gene")
    assert len(sent) == 2


def test_two_models_in_one_session(spark, annotator):
    text = "IL-2 gene expression in patients with breast cancer treated with placebo"
    found = annotate(frame(spark, [text]), model="cellular", columns=["chunks"])
    [row] = annotate(found, model="clinical_trials", columns={"chunks": "trials"}).collect()
    assert [tuple(chunk) for chunk in row.chunks] == chunks_of(annotator, text) and row.trials is not None


def test_rows_that_fail_have_their_codes(spark):
    rows = annotate(frame(spark, ["IL-2 gene", None, "x" * 101]), model="cellular", max_characters=100).orderBy("id").collect()
    assert [row.error_code for row in rows] == [None, "input_invalid", "input_invalid"]


def test_the_chunk_column_is_marked_as_spark_nlps(spark):
    found = annotate(frame(spark, ["IL-2 gene"]), model="cellular", layout="spark-nlp", columns={"chunks": "ner_chunk"})
    assert found.schema["ner_chunk"].metadata["annotatorType"] == "chunk"
    assert [chunk.result for chunk in found.collect()[0].ner_chunk] == ["IL-2 gene"]


def test_a_model_may_be_on_the_server(spark, annotator):
    path = installed_models()["cellular"]
    [row] = annotate(frame(spark, ["IL-2 gene"]), model=path, on_executors=True).collect()
    assert [tuple(chunk) for chunk in row.chunks] == chunks_of(annotator, "IL-2 gene")


def test_the_transformer_does_the_same(spark, annotator):
    from glossa_ner.spark_ml import EntityAnnotator

    [row] = EntityAnnotator("text", model="cellular").transform(frame(spark, ["IL-2 gene"])).collect()
    assert [tuple(chunk) for chunk in row.chunks] == chunks_of(annotator, "IL-2 gene")


@pytest.mark.parametrize(
    "arguments, code", [({"text": "body"}, "option_invalid"), ({"text": "id"}, "input_invalid"), ({"model": "celular"}, "file_missing")]
)
def test_what_is_wrong_is_told_before_the_job(spark, arguments, code):
    with pytest.raises(GlossaError) as raised:
        annotate(frame(spark, ["a"]), **{"model": "cellular", **arguments})
    assert raised.value.code == code


def test_a_session_that_takes_no_files_is_told_with_what_to_do(server):
    """As one whose administrator does not let it send any: here one that is closed, of which the schema is known."""
    other = session_of(server)
    given = frame(other, ["a"])
    assert given.columns == ["id", "text"]
    other.client.close()
    with pytest.raises(GlossaError, match="this session cannot ship it .*on_executors=True") as raised:
        annotate(given, model="cellular", rows_per_batch=None)
    assert raised.value.code == "option_invalid"
