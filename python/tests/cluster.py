"""A cluster of two executors on this machine, of which one is killed; for test_spark_cluster.py. Prints what was found."""

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

from pyspark.sql import SparkSession

from glossa_ner.spark import annotate

os.environ["PYSPARK_PYTHON"] = sys.executable
builder = SparkSession.builder.master("local-cluster[2,1,1024]").config("spark.ui.enabled", "false")
spark = builder.config("spark.driver.host", "127.0.0.1").getOrCreate()
spark.sparkContext.setLogLevel("OFF")
texts = json.loads(sys.stdin.read())
given = spark.createDataFrame(list(enumerate(texts)), "id int, text string").repartition(6)
killed = []


def executors():
    """The executors of this program, which know it by its id."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if b"CoarseGrainedExecutorBackend" in command and spark.sparkContext.applicationId.encode() in command:
            yield int(process.name)


def kill():
    # Once both are annotating: the first tasks have begun, and none of the six can be done.
    while not spark.sparkContext.statusTracker().getActiveStageIds():
        time.sleep(0.1)
    time.sleep(3)
    for process in list(executors())[:1]:
        os.kill(process, signal.SIGKILL)
        killed.append(process)


killer = threading.Thread(target=kill)
killer.start()
rows = annotate(given, model="cellular").orderBy("id").collect()
killer.join()
found = [[[chunk.begin, chunk.end, chunk.text, chunk.entity] for chunk in row.chunks] for row in rows]
print(json.dumps({"killed": len(killed), "found": found}))
spark.stop()
