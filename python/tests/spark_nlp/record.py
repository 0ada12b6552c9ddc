"""Records the chunk column of real Spark NLP 5.5.3, schema and rows, for test_spark_nlp_column.py.

In an environment with pyspark==3.5.5 and spark-nlp==5.5.3, and with a folder of Spark NLP's jars:

    python record.py JARS column.json
"""

import glob
import json
import os
import sys
from pathlib import Path

os.environ["PYSPARK_PYTHON"] = sys.executable
from pyspark.ml import Pipeline  # noqa: E402
from pyspark.sql import SparkSession  # noqa: E402
from sparknlp.annotator import BertForTokenClassification, NerConverter, Tokenizer  # noqa: E402
from sparknlp.base import DocumentAssembler  # noqa: E402

MODEL = Path(__file__).parents[3] / "tests/golden/models/cellular"
TEXTS = Path(__file__).parents[3] / "tests/golden/cases/pipeline_cellular.jsonl"
OWN = [
    "IL-2 gene expression and NF-kappa B activation through CD28 requires reactive oxygen production.",
    "\U0001f9ec IL-2 \U0001f9ec gene expression \U0001f9ec of the \u03b2-globin locus",
    "",
    "   ",
]

jars = ",".join(jar for jar in glob.glob(sys.argv[1] + "/*.jar") if "scala-library" not in jar)
spark = (
    SparkSession.builder.master("local[1]")
    .config("spark.jars", jars)
    .config("spark.driver.memory", "4g")
    .config("spark.ui.enabled", "false")
    .config("spark.serializer", "org.apache.spark.serializer.KryoSerializer")
    .config("spark.kryoserializer.buffer.max", "1000M")
    .getOrCreate()
)
spark.sparkContext.setLogLevel("ERROR")
with TEXTS.open(encoding="utf-8") as lines:
    records = [json.loads(line) for line in lines]
# Of the recordings, those of the classifier's usual settings that have chunks: enough to see every field filled.
usual = [record for record in records if record["case_sensitive"] and record["max_sentence_length"] == 128]
texts = OWN + [record["text"] for record in usual if record["chunks"]][:40]
rows = spark.createDataFrame(list(enumerate(texts)), "i int, text string").repartition(1)
classifier = (
    BertForTokenClassification.loadSavedModel(str(MODEL), spark)
    .setInputCols(["token", "document"])
    .setOutputCol("ner")
    .setCaseSensitive(True)
    .setMaxSentenceLength(128)
)
stages = [
    DocumentAssembler().setInputCol("text").setOutputCol("document"),
    Tokenizer().setInputCols(["document"]).setOutputCol("token"),
    classifier,
    NerConverter().setInputCols(["document", "token", "ner"]).setOutputCol("ner_chunk"),
]
found = Pipeline(stages=stages).fit(rows).transform(rows)
column = found.schema["ner_chunk"].jsonValue()
recorded = sorted(found.select("i", "text", "ner_chunk").collect(), key=lambda row: row.i)
rows = [{"text": row.text, "ner_chunk": [chunk.asDict() for chunk in row.ner_chunk]} for row in recorded]
with open(sys.argv[2], "w", encoding="ascii") as out:
    json.dump({"column": column, "rows": rows}, out, indent=1)
    out.write("\n")
