"""Entities by Spark: python spark_job.py"""

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from glossa_ner.spark import annotate

spark = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
abstracts = spark.createDataFrame([(1, "IL-2 gene expression"), (2, "It requires NF-kappa B.")], "id int, text string")
found = annotate(abstracts, "text", model="cellular")
found.select("id", F.explode("chunks").alias("chunk")).select("id", "chunk.text", "chunk.entity").orderBy("id").show()
