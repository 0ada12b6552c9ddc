"""Annotates the rows of Arrow data: of pandas, polars, pyarrow, DuckDB and whatever else speaks the PyCapsule protocol.

    import polars as pl
    from glossa_ner.arrow import annotate
    found = pl.DataFrame(annotate(pl.DataFrame({"text": ["IL-2 gene"]}), model="cellular"))
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Dict, Iterable, Literal, Mapping, Optional, Union, cast

from . import _glossa
from ._annotator import MAX_CHARACTERS, Annotator, check_count, check_unit
from ._errors import option_invalid
from ._models import ModelPath
from ._option_names import annotating, to_json

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._options import Options

__all__ = ["COLUMNS", "annotate"]

COLUMNS = ("chunks", "truncated_from", "error_code", "error_message")
"""The columns of results, in their order."""

Columns = Union[Iterable[str], Mapping[str, str]]


def annotate(
    data: Any,
    text: str = "text",
    *,
    model: Union[ModelPath, Annotator],
    columns: Columns = COLUMNS,
    layout: Literal["glossa", "spark-nlp"] = "glossa",
    offset_unit: Optional[str] = None,
    threads: Optional[int] = None,
    max_characters: Optional[int] = MAX_CHARACTERS,
    **options: Unpack[Options],
) -> _glossa.Stream:
    """Annotates the texts of a column, and gives the rows with their results, batch by batch as they are read.

    `data` is a table, a batch or a stream of batches: anything with `__arrow_c_stream__` or `__arrow_c_array__`. The
    result has `__arrow_c_stream__`, and can be read once: `pl.DataFrame(result)`, `pyarrow.table(result)`, or
    `pyarrow.RecordBatchReader.from_stream(result)` for one batch at a time. Its batches have 4,096 rows at most, and few
    enough that their texts take 16 MB, or one row.

    `text` is the name of the column of texts. `model` is an `Annotator`, or what makes one together with the options of
    loading. `columns` says which columns of results are added to those of `data`, and, if it is a dict, by which names:

    - `chunks`: a list of structs `begin`, `end`, `text`, `entity`, `confidence`, `result`, and with `label_scores`
      `tokens`; see `Chunk`. Null if the text failed.
    - `truncated_from`: with mode `truncate`, where the unread rest begins. Null if all was read.
    - `error_code`, `error_message`: why the text failed. Null if it did not. A null text fails with `input_invalid`, and so
      does one that is not UTF-8, or of more than `max_characters` code points (`None` is no limit).

    With the layout `spark-nlp` the chunks are Spark NLP's annotations (`annotatorType`, `begin`, `end`, `result`,
    `metadata`, `embeddings`): their ends are inclusive, and their offsets count UTF-16 code units. `offset_unit` is
    otherwise the annotator's, `code-point` by default. `threads` is how many work at once, by default as many as the
    machine gives the process.

    Raises `GlossaError` before the first row is read: `option_invalid` for a column that is missing or there twice, and for
    options; `input_invalid` for data that are no Arrow, and for a column that holds no strings; those of `Annotator`.
    """
    names = column_names(columns)
    check_layout(layout, offset_unit)
    if isinstance(model, Annotator):
        annotator = model
        own = {**annotator._annotate, **annotating(cast("Dict[str, Any]", options))}
    else:
        annotator = Annotator(model, **options)
        own = annotator._annotate
    settings = {
        "text": text,
        "columns": names,
        "layout": layout,
        "offset_unit": offset_unit or annotator.offset_unit,
        "threads": check_count("threads", threads),
        "max_characters": check_count("max_characters", max_characters),
    }
    if not isinstance(text, str):
        raise option_invalid("text", f"it is of type {type(text).__name__}, not the name of a column")
    return _glossa.annotate(annotator._engine, data, to_json(own), json.dumps(settings))


def column_names(columns: Columns) -> Dict[str, Optional[str]]:
    """The name of each column of results; `None` for those that are not wanted."""
    if isinstance(columns, str):
        raise option_invalid("columns", f"it is one name, not several: [{columns!r}]")
    chosen = dict(columns) if isinstance(columns, Mapping) else {name: name for name in columns}
    for name, own in chosen.items():
        if name not in COLUMNS:
            raise option_invalid("columns", f"{name!r} is none of {', '.join(COLUMNS)}")
        if not isinstance(own, str) or not own:
            raise option_invalid("columns", f"{own!r} is no name of a column")
    if not chosen:
        raise option_invalid("columns", f"it is empty: choose from {', '.join(COLUMNS)}")
    return {name: chosen.get(name) for name in COLUMNS}


def check_layout(layout: str, offset_unit: Optional[str]) -> None:
    if layout not in ("glossa", "spark-nlp"):
        raise option_invalid("layout", f"{layout!r} is none of glossa, spark-nlp")
    if offset_unit is not None:
        check_unit(offset_unit)
        if layout == "spark-nlp" and offset_unit != "utf-16":
            raise option_invalid("offset_unit", "offsets of the layout spark-nlp count UTF-16 code units: leave it out")
