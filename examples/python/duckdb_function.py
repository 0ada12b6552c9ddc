"""Entities as a function of DuckDB's SQL: python duckdb_function.py"""

import duckdb
import pyarrow as pa

from glossa_ner import Annotator
from glossa_ner.arrow import annotate

annotator = Annotator("cellular")


def entities(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    return pa.table(annotate(pa.table({"text": texts}), model=annotator))["chunks"]


chunk = '"begin" integer, "end" integer, "text" varchar, entity varchar, confidence float, result varchar'
duckdb.create_function("entities", entities, ["varchar"], f"struct({chunk})[]", type="arrow")
duckdb.sql("create table abstracts as select * from (values (1, 'IL-2 gene expression'), (2, 'It requires NF-kappa B.')) as t(id, text)")
duckdb.sql("select id, chunk.text, chunk.entity from (select id, unnest(entities(text)) as chunk from abstracts) order by id").show()
