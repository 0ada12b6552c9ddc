"""Entities as an expression of polars: python polars_expression.py"""

import polars as pl

from glossa_ner import Annotator
from glossa_ner.arrow import annotate

annotator = Annotator("cellular")


def chunks(texts: pl.Series) -> pl.Series:
    return pl.DataFrame(annotate(texts.to_frame("text"), model=annotator))["chunks"]


abstracts = pl.DataFrame({"id": [1, 2], "text": ["IL-2 gene expression", "It requires NF-kappa B."]})
found = abstracts.with_columns(pl.col("text").map_batches(chunks).alias("chunks"))
print(found.explode("chunks").unnest("chunks", separator=".").select("id", "chunks.text", "chunks.entity"))
