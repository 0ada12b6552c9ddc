"""One contender in a process of its own, driven by run.py: `contenders.py '{"name": …}'`.

It loads the model, annotates a text for each core and prints `ready`. Each line on standard input then is a file of texts to
annotate, for which it prints the seconds. It ends when the input does. What is found is written, as a job would write it:
Parquet by Spark and Ray, JSON lines by the others.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List

# Executors are to run the same Python.
os.environ["PYSPARK_PYTHON"] = sys.executable
# Ray's workers would give way to whatever else runs.
os.environ["RAY_worker_niceness"] = "0"

# By these Glossa does as Spark NLP does.
AS_SPARK_NLP = {"case_sensitive": False, "pieces": "first", "mode": "truncate", "label_from_separator": True, "pad_as_o": False}
# And by these as the pipeline of transformers.
AS_TRANSFORMERS = {"mode": "truncate", "aggregation_strategy": "simple"}
PARTITIONS_PER_CORE = 4

Job = Dict[str, Any]
Run = Callable[[Path, Path], None]


def read(texts: Path) -> Iterator[Dict[str, Any]]:
    with texts.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def wheel(job: Job) -> Run:
    from glossa_ner import Annotator

    annotator = Annotator(job["model"], **job["options"])

    def run(texts: Path, out: Path) -> None:
        rows = list(read(texts))
        with out.open("w", encoding="utf-8") as file:
            for row, outcome in zip(rows, annotator.annotate_all((row["text"] for row in rows), threads=job["cores"])):
                assert outcome.annotation is not None, outcome.error
                chunks = [{"begin": c.begin, "end": c.end, "entity": c.entity, "confidence": c.confidence} for c in outcome.annotation.chunks]
                file.write(json.dumps({"id": row["id"], "chunks": chunks}) + "\n")

    return run


def spark_session(job: Job):
    from pyspark.sql import SparkSession

    settings = {
        "spark.ui.enabled": "false",
        "spark.driver.memory": "6g",
        "spark.serializer": "org.apache.spark.serializer.KryoSerializer",
        "spark.kryoserializer.buffer.max": "1000M",
        "spark.jars": ",".join(job.get("jars", [])),
        "spark.ui.showConsoleProgress": "false",
    }
    if job.get("session_threads"):
        settings["spark.jsl.settings.onnx.intraOpNumThreads"] = str(job["session_threads"])
    builder = SparkSession.builder.master(f"local[{job['cores']}]")
    for key, value in settings.items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    return spark


def by_spark(job: Job, annotate: Callable[[Any], Any]) -> Run:
    """Reads texts, annotates them by `annotate`, and writes the columns `id` and `chunks`."""
    spark = spark_session(job)

    def run(texts: Path, out: Path) -> None:
        rows = spark.read.schema("id int, text string").json(str(texts)).repartition(PARTITIONS_PER_CORE * job["cores"])
        annotate(rows).select("id", "chunks").write.mode("overwrite").parquet(str(out))

    return run


def spark(job: Job) -> Run:
    from glossa_ner.spark import annotate

    layout = job.get("layout", "spark-nlp")
    return by_spark(job, lambda rows: annotate(rows, "text", model=job["model"], layout=layout, **job["options"]))


def spark_nlp(job: Job) -> Run:
    from pyspark.ml import Pipeline
    from sparknlp.annotator import BertForTokenClassification, NerConverter, Tokenizer
    from sparknlp.base import DocumentAssembler

    session = spark_session(job)
    classifier = (
        BertForTokenClassification.loadSavedModel(job["model"], session)
        .setInputCols(["token", "document"])
        .setOutputCol("ner")
        .setCaseSensitive(False)
        .setMaxSentenceLength(job["options"]["max_sentence_length"])
        .setBatchSize(job["batch"])
    )
    stages = [
        DocumentAssembler().setInputCol("text").setOutputCol("document"),
        Tokenizer().setInputCols(["document"]).setOutputCol("token"),
        classifier,
        NerConverter().setInputCols(["document", "token", "ner"]).setOutputCol("chunks"),
    ]
    pipeline = Pipeline(stages=stages).fit(session.createDataFrame([("",)], "text string"))
    return by_spark(job, pipeline.transform)


def by_hand(job: Job) -> Run:
    """onnxruntime and `tokenizers` in a function for `mapInPandas`, as one writes it."""
    folder, longest, batch = job["model"], job["options"]["max_sentence_length"], job["batch"]
    labels = json.loads((Path(folder) / "config.json").read_text(encoding="utf-8"))["id2label"]
    labels = [labels[str(i)] for i in range(len(labels))]

    def annotate(frames):
        import numpy as np
        import onnxruntime
        import pandas
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(f"{folder}/tokenizer.json")
        tokenizer.enable_truncation(longest)
        tokenizer.enable_padding()
        options = onnxruntime.SessionOptions()
        # A task has a core.
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(f"{folder}/onnx/model.onnx", options, providers=["CPUExecutionProvider"])
        for frame in frames:
            found = []
            for first in range(0, len(frame), batch):
                encoded = tokenizer.encode_batch(list(frame["text"][first : first + batch]))
                ids = np.array([one.ids for one in encoded], np.int64)
                mask = np.array([one.attention_mask for one in encoded], np.int64)
                (logits,) = session.run(["logits"], {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)})
                scores = np.exp(logits - logits.max(-1, keepdims=True))
                scores /= scores.sum(-1, keepdims=True)
                best = scores.argmax(-1)
                found += [entities(one, best[i], scores[i]) for i, one in enumerate(encoded)]
            yield pandas.DataFrame({"id": frame["id"], "chunks": found})

    def entities(encoded, best, scores):
        """Neighbouring word pieces of one entity: `simple` in the pipeline of transformers."""
        groups: List[Dict[str, Any]] = []
        last = None
        for i, special in enumerate(encoded.special_tokens_mask):
            label = labels[best[i]]
            if special or label == "O":
                last = None
                continue
            entity = label[2:]
            if last != entity or label.startswith("B-"):
                groups.append({"begin": encoded.offsets[i][0], "entity": entity, "scores": []})
            groups[-1]["end"] = encoded.offsets[i][1]
            groups[-1]["scores"].append(float(scores[i, best[i]]))
            last = entity
        return [{**group, "confidence": sum(group["scores"]) / len(group.pop("scores"))} for group in groups]

    types = "id int, chunks array<struct<begin: int, end: int, entity: string, confidence: float>>"
    return by_spark(job, lambda rows: rows.select("id", "text").mapInPandas(annotate, types))


def ray(job: Job) -> Run:
    import pyarrow as pa
    import ray

    from glossa_ner import Annotator
    from glossa_ner.arrow import annotate

    class Entities:
        def __init__(self) -> None:
            self.annotator = Annotator(job["model"], **job["options"])

        def __call__(self, batch: pa.Table) -> pa.Table:
            found = pa.table(annotate(batch, model=self.annotator, layout="spark-nlp", threads=1))
            return found.select(["id", "chunks"])

    ray.init(num_cpus=job["cores"], include_dashboard=False, log_to_driver=False, object_store_memory=500_000_000)
    ray.data.DataContext.get_current().enable_progress_bars = False

    def run(texts: Path, out: Path) -> None:
        # An actor, a task that reads and one that writes have to fit on one core together, or the job deadlocks.
        quarter = {"num_cpus": 0.25}
        rows = ray.data.read_json(str(texts), override_num_blocks=PARTITIONS_PER_CORE * job["cores"], ray_remote_args=quarter)
        actors = ray.data.ActorPoolStrategy(size=job["cores"])
        found = rows.map_batches(Entities, batch_format="pyarrow", batch_size=64, compute=actors, num_cpus=0.5)
        shutil.rmtree(out, ignore_errors=True)
        found.write_parquet(str(out), ray_remote_args=quarter)

    return run


CONTENDERS = {"wheel": wheel, "spark": spark, "ray": ray, "spark-nlp": spark_nlp, "by-hand": by_hand}


def main() -> None:
    job = json.loads(sys.argv[1])
    run = CONTENDERS[job["name"]](job)
    run(Path(job["warm_up"]), Path(job["out"]))
    print("ready", flush=True)
    for texts in sys.stdin:
        start = time.perf_counter()
        run(Path(texts.strip()), Path(job["out"]))
        print(json.dumps(time.perf_counter() - start), flush=True)


if __name__ == "__main__":
    main()
