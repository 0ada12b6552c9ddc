"""`glossa_ner.arrow`: what gives Arrow, what takes it, and what becomes of bad rows."""

from __future__ import annotations

import duckdb
import pandas
import polars
import pyarrow as pa
import pytest

from glossa_ner import Annotator, GlossaError
from glossa_ner.arrow import annotate

GOOD = ["IL-2 gene", "\U0001f9ec NF-kappa B", "", "no entity"]


def chunks_of(annotator, text):
    fields = ("begin", "end", "text", "entity", "confidence", "result")
    return [{name: getattr(chunk, name) for name in fields} for chunk in annotator.annotate(text).chunks]


SOURCES = {
    "pyarrow table": lambda texts: pa.table({"text": texts}),
    "pyarrow batch": lambda texts: pa.record_batch({"text": pa.array(texts)}),
    "pyarrow reader": lambda texts: pa.table({"text": texts}).to_reader(2),
    "chunks": lambda texts: pa.table({"text": pa.chunked_array([[text] for text in texts])}),
    "large strings": lambda texts: pa.table({"text": pa.array(texts, pa.large_string())}),
    "string views": lambda texts: pa.table({"text": pa.array(texts, pa.string_view())}),
    "dictionary": lambda texts: pa.table({"text": pa.array(texts).dictionary_encode()}),
    "slice": lambda texts: pa.table({"text": ["before", *texts, "after"]}).slice(1, len(texts)),
    "polars": lambda texts: polars.DataFrame({"text": texts}),
    "polars categories": lambda texts: polars.DataFrame({"text": polars.Series(texts, dtype=polars.Categorical)}),
    "pandas": lambda texts: pandas.DataFrame({"text": texts}),
    "DuckDB": lambda texts: duckdb.sql("select unnest($texts) as text", params={"texts": texts}),
}


@pytest.mark.parametrize("source", SOURCES)
def test_whatever_speaks_arrow_is_taken(annotator, source):
    found = pa.table(annotate(SOURCES[source](GOOD), model=annotator)).to_pydict()
    assert found["text"] == GOOD
    assert found["chunks"] == [chunks_of(annotator, text) for text in GOOD]
    assert found["error_code"] == found["error_message"] == found["truncated_from"] == [None] * 4


@pytest.mark.parametrize(
    "reader",
    [
        lambda found: polars.DataFrame(found)["chunks"].to_list(),
        lambda found: pa.RecordBatchReader.from_stream(found).read_all()["chunks"].to_pylist(),
        lambda found: duckdb.sql("select chunks from found").fetchall(),
        lambda found: pa.table(found).to_pandas()["chunks"].map(list).to_list(),
    ],
)
def test_whatever_speaks_arrow_takes_it(annotator, reader):
    found = annotate(pa.table({"text": GOOD}), model=annotator)
    read = [row[0] if isinstance(row, tuple) else row for row in reader(found)]
    assert read == [chunks_of(annotator, text) for text in GOOD]


def test_rows_that_fail_have_code_and_message_and_others_go_on(annotator):
    bad = pa.array([b"IL-2 \xff gene", b"\xed\xa0\x80"], pa.binary()).view(pa.string())
    texts = pa.chunked_array([pa.array(["IL-2 gene", None]), bad, pa.array(["x" * 101, "IL-2 gene"])])
    found = pa.table(annotate(pa.table({"text": texts, "n": range(6)}), model=annotator, max_characters=100))
    codes, messages = found["error_code"].to_pylist(), found["error_message"].to_pylist()
    assert codes == [None, *["input_invalid"] * 4, None]
    words = [None, "null", "UTF-8 from byte 5", "UTF-8 from byte 0", "max_characters", None]
    assert all((message is None) if word is None else word in message for message, word in zip(messages, words))
    chunks = found["chunks"].to_pylist()
    assert chunks[0] == chunks[5] == chunks_of(annotator, "IL-2 gene") and chunks[1:5] == [None] * 4
    assert found["n"].to_pylist() == list(range(6))


def test_ten_megabytes_are_an_error_and_one_is_done(annotator):
    megabyte = "IL-2 gene. " * 100 + " " * 1_000_000
    found = pa.table(annotate(pa.table({"text": ["IL-2", megabyte * 10, megabyte]}), model=annotator)).to_pydict()
    assert found["error_code"] == [None, "input_invalid", None]
    assert len(found["chunks"][2]) > 50


def test_results_do_not_depend_on_batches_or_threads(annotator, texts):
    table = pa.table({"text": texts})
    expected = pa.table(annotate(table, model=annotator, threads=1))
    for size, threads in [(1, 1), (7, 2), (1000, 3)]:
        assert pa.table(annotate(table.to_reader(size), model=annotator, threads=threads)).equals(expected)
    order = list(reversed(range(len(texts))))
    assert pa.table(annotate(table.take(order), model=annotator)).equals(expected.take(order))


def test_batches_are_read_as_they_are_asked_for(annotator):
    read = 0

    def batches():
        nonlocal read
        for _ in range(100):
            read += 1
            yield pa.record_batch({"text": pa.array(["IL-2"])})

    schema = pa.schema([("text", pa.string())])
    found = pa.RecordBatchReader.from_stream(annotate(pa.RecordBatchReader.from_batches(schema, batches()), model=annotator))
    assert read == 0
    found.read_next_batch()
    assert read == 1


def test_batches_are_neither_long_nor_large(annotator):
    many = pa.table({"text": [""] * 10_000})
    sizes = [batch.num_rows for batch in pa.RecordBatchReader.from_stream(annotate(many, model=annotator))]
    assert sum(sizes) == 10_000 and max(sizes) == 4096
    large = pa.table({"text": [" " * 6_000_000] * 4})
    sizes = [batch.num_rows for batch in pa.RecordBatchReader.from_stream(annotate(large, model=annotator, max_characters=None))]
    assert sizes == [3, 1]


@pytest.mark.parametrize("table", [pa.table({"text": pa.array([], pa.string())}), pa.schema([("text", pa.string())]).empty_table()])
def test_no_rows_are_no_rows(annotator, table):
    found = pa.table(annotate(table, model=annotator))
    assert found.num_rows == 0 and found.column_names == ["text", "chunks", "truncated_from", "error_code", "error_message"]
    nothing = pa.RecordBatchReader.from_batches(table.schema, [])
    assert pa.table(annotate(nothing, model=annotator)).schema == found.schema


def test_a_column_of_nulls_is_errors(annotator):
    found = pa.table(annotate(pa.table({"text": pa.nulls(2)}), model=annotator)).to_pydict()
    assert found["error_code"] == ["input_invalid"] * 2


def test_columns_are_chosen_and_named(annotator):
    table = pa.table({"body": GOOD, "chunks": [1, 2, 3, 4]})
    found = pa.table(annotate(table, "body", model=annotator, columns={"chunks": "entities", "error_code": "failed"}))
    assert found.column_names == ["body", "chunks", "entities", "failed"]
    only = pa.table(annotate(table.select(["body"]), "body", model=annotator, columns=["chunks"]))
    assert only.column_names == ["body", "chunks"] and only["chunks"].to_pylist() == found["entities"].to_pylist()


def test_tokens_come_with_label_scores(annotator):
    found = pa.table(annotate(pa.table({"text": ["", "IL-2 gene"]}), model=annotator, label_scores=2))
    [chunk] = found["chunks"].to_pylist()[1]
    [expected] = annotator.annotate("IL-2 gene", label_scores=2).chunks
    tokens = [(t.begin, t.end, [(s.label, s.score) for s in t.labels]) for t in expected.tokens]
    assert [(t["begin"], t["end"], [(s["label"], s["score"]) for s in t["labels"]]) for t in chunk["tokens"]] == tokens
    assert len(tokens) == 4


def test_offsets_are_in_the_unit_that_is_asked_for(annotator):
    table = pa.table({"text": ["\U0001f9ec IL-2 gene expression requires NF-kappa B."]})
    begin = {None: 2, "code-point": 2, "utf-16": 3, "byte": 5}
    for unit, expected in begin.items():
        assert pa.table(annotate(table, model=annotator, offset_unit=unit))["chunks"].to_pylist()[0][0]["begin"] == expected
    utf16 = Annotator("cellular", offset_unit="utf-16")
    assert pa.table(annotate(table, model=utf16))["chunks"].to_pylist()[0][0]["begin"] == 3


def test_truncated_texts_say_where(annotator):
    text = "\U0001f9ec " + "IL-2 gene " * 500
    found = pa.table(annotate(pa.table({"text": [text, "a"]}), model=annotator, mode="truncate"))
    assert found["truncated_from"].to_pylist() == [annotator.annotate(text, mode="truncate").truncated_from, None]


WRONG = [
    (pa.table({"body": ["a"]}), {}, "option_invalid", 'no column "text"; there are body'),
    (pa.table([["a"], ["b"]], names=["text", "text"]), {}, "option_invalid", "more than one column"),
    (pa.table({"text": [1]}), {}, "input_invalid", "not string: cast it"),
    (pa.table({"text": [b"a"]}), {}, "input_invalid", "not string: cast it"),
    ({"text": ["a"]}, {}, "input_invalid", "no Arrow"),
    (None, {}, "input_invalid", "no Arrow"),
    (pa.array(["a"]), {}, "input_invalid", "no Arrow"),
    (pa.table({"text": ["a"], "chunks": [1]}), {}, "option_invalid", "two columns"),
    (pa.table({"text": ["a"]}), {"columns": {"chunks": "x", "error_code": "x"}}, "option_invalid", "two columns"),
    (pa.table({"text": ["a"]}), {"columns": ["chunk"]}, "option_invalid", "none of chunks"),
    (pa.table({"text": ["a"]}), {"columns": "chunks"}, "option_invalid", "one name"),
    (pa.table({"text": ["a"]}), {"columns": []}, "option_invalid", "empty"),
    (pa.table({"text": ["a"]}), {"columns": {"chunks": None}}, "option_invalid", "no name"),
    (pa.table({"text": ["a"]}), {"text": 5}, "option_invalid", "name of a column"),
    (pa.table({"text": ["a"]}), {"layout": "spark"}, "option_invalid", "spark-nlp"),
    (pa.table({"text": ["a"]}), {"layout": "spark-nlp", "offset_unit": "byte"}, "option_invalid", "UTF-16"),
    (pa.table({"text": ["a"]}), {"layout": "spark-nlp", "label_scores": 1}, "option_invalid", "label_scores"),
    (pa.table({"text": ["a"]}), {"offset_unit": "char"}, "option_invalid", "code-point"),
    (pa.table({"text": ["a"]}), {"threads": 0}, "option_invalid", "threads"),
    (pa.table({"text": ["a"]}), {"max_characters": 1.5}, "option_invalid", "max_characters"),
    (pa.table({"text": ["a"]}), {"threshold": 2}, "option_invalid", "threshold"),
    (pa.table({"text": ["a"]}), {"precision": "f32"}, "option_invalid", "give it to Annotator"),
]


@pytest.mark.parametrize("data, options, code, words", WRONG, ids=range(len(WRONG)))
def test_what_is_wrong_is_told_before_a_row_is_read(annotator, data, options, code, words):
    with pytest.raises(GlossaError, match=words) as raised:
        annotate(data, model=annotator, **options)
    assert raised.value.code == code


def test_a_stream_is_read_once(annotator):
    found = annotate(pa.table({"text": ["a"]}), model=annotator)
    pa.table(found)
    with pytest.raises(GlossaError, match="it has been read"):
        pa.table(found)
