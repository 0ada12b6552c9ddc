"""Annotates the data frames of Spark 3.5 and 4, classic or by Spark Connect, with `mapInArrow`.

    from glossa_ner.spark import annotate
    found = annotate(spark.read.parquet("abstracts"), "text", model="cellular")

Executors need the packages `glossa-ner` and `pyarrow`; the model comes from the driver.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Literal, Optional, Set, Tuple, cast

from pyspark.sql.types import (
    ArrayType,
    DataType,
    FloatType,
    IntegerType,
    MapType,
    StringType,
    StructField,
    StructType,
)

from ._annotator import MAX_CHARACTERS, Annotator, check_count, check_unit
from ._errors import GlossaError, option_invalid
from ._models import ModelPath, find_model
from ._option_names import split, to_json
from ._spark_work import ShippedModel, Work
from .arrow import COLUMNS, Columns, check_layout, column_names

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from typing_extensions import Unpack

    from ._options import Options

__all__ = ["annotate"]

ROWS_PER_BATCH = 64
"""Rows that come to a Python worker at once. Spark counts rows, not bytes, 10,000 by default: of 1 MB each, they would kill
the worker. Few rows cost nothing here, since each takes milliseconds."""
BATCH_ROWS = "spark.sql.execution.arrow.maxRecordsPerBatch"


def annotate(
    df: DataFrame,
    text: str = "text",
    *,
    model: ModelPath,
    columns: Columns = COLUMNS,
    layout: Literal["glossa", "spark-nlp"] = "glossa",
    offset_unit: Optional[str] = None,
    threads: int = 1,
    max_characters: Optional[int] = MAX_CHARACTERS,
    rows_per_batch: Optional[int] = ROWS_PER_BATCH,
    on_executors: bool = False,
    **options: Unpack[Options],
) -> DataFrame:
    """The data frame with the columns of results, which Spark computes when it is asked for them.

    `text`, `columns`, `layout`, `offset_unit`, `max_characters` and `options` are those of `glossa_ner.arrow.annotate`. A row
    that fails has its error in `error_code` and `error_message`, and the job goes on. With the layout `spark-nlp` the chunk
    column has the schema and metadata of Spark NLP's. Results depend on neither partitions nor order.

    The model is shipped from the driver to each executor once, as a file of Spark's, and loaded once in each Python worker;
    with Spark Connect it goes from the client to the server, as an artifact of the session, and from there to the executors.
    With `on_executors`, `model` is a path or name on the executors instead, and nothing of it is checked before the job runs.
    `threads` is how many work at once in each task: more than 1 is for clusters with `spark.task.cpus` of more than 1.

    If a session's batches are longer than `rows_per_batch`, this sets its `spark.sql.execution.arrow.maxRecordsPerBatch`, so
    that rows of 1 MB do not exhaust a worker's memory; `None` leaves it as it is.

    Raises `GlossaError` before any job runs: `option_invalid` for a column that is missing or there twice, for names of
    results that are taken, and for options; `input_invalid` for a column that holds no strings; those of `Annotator`.
    """
    check_layout(layout, offset_unit)
    names = {own: name for own, name in column_names(columns).items() if name is not None}
    given = cast("Dict[str, Any]", options)
    _, annotating = split(given)
    if layout == "spark-nlp" and annotating.get("label_scores"):
        raise option_invalid("label_scores", "Spark NLP's schema has no place for them: leave them out")
    fields = _check_columns(df, text, names)
    if offset_unit is not None:
        check_unit(offset_unit)
    if check_count("threads", threads) is None:
        raise option_invalid("threads", "it is None: Spark has a task for each core, so give a number")
    check_count("max_characters", max_characters)
    check_count("rows_per_batch", rows_per_batch)
    shipped = _on_executors(model, given) if on_executors else _ship(df, model, given)
    work = Work(shipped, text, names, layout, offset_unit, threads, max_characters)
    types = result_types(layout, bool(annotating.get("label_scores")))
    results = [StructField(name, *types[own]) for own, name in names.items()]
    if rows_per_batch is not None and int(cast(str, df.sparkSession.conf.get(BATCH_ROWS))) > rows_per_batch:
        df.sparkSession.conf.set(BATCH_ROWS, rows_per_batch)
    found = df.mapInArrow(work, StructType([*fields, *results]))
    if layout == "spark-nlp" and "chunks" in names:
        # By it Spark NLP's annotators know what they may read.
        found = found.withMetadata(names["chunks"], {"annotatorType": "chunk"})
    return found


def _check_columns(df: DataFrame, text: str, names: Dict[str, str]) -> List[StructField]:
    """The fields of a data frame whose text can be annotated."""
    schema = getattr(df, "schema", None)
    if not isinstance(schema, StructType) or not hasattr(df, "mapInArrow"):
        raise GlossaError("input_invalid", f"df: it is of type {type(df).__name__}, not a data frame of Spark")
    if not isinstance(text, str):
        raise option_invalid("text", f"it is of type {type(text).__name__}, not the name of a column")
    # Spark tells A from a only if it is told to.
    seen: Set[str] = set()
    for name in df.columns:
        if name.lower() in seen:
            raise option_invalid("text", f"the data frame has more than one column {name!r}: rename all but one")
        seen.add(name.lower())
    if text not in df.columns:
        raise option_invalid("text", f"there is no column {text!r}; there are {', '.join(df.columns)}")
    if not isinstance(schema[text].dataType, StringType):
        kind = schema[text].dataType.simpleString()
        raise GlossaError("input_invalid", f"column {text}: it is of type {kind}, not string: cast it")
    for name in names.values():
        if name.lower() in seen:
            raise option_invalid("columns", f"there would be two columns {name!r}: give that of results another name")
        seen.add(name.lower())
    return list(schema.fields)


def result_types(layout: str, tokens: bool) -> Dict[str, Tuple[DataType]]:
    """The types of the columns of results, as Arrow brings them."""
    if layout == "spark-nlp":
        chunk = StructType(
            [
                StructField("annotatorType", StringType()),
                StructField("begin", IntegerType(), False),
                StructField("end", IntegerType(), False),
                StructField("result", StringType()),
                StructField("metadata", MapType(StringType(), StringType())),
                StructField("embeddings", ArrayType(FloatType(), False)),
            ]
        )
    else:
        chunk = StructType(
            [
                StructField("begin", IntegerType()),
                StructField("end", IntegerType()),
                StructField("text", StringType()),
                StructField("entity", StringType()),
                StructField("confidence", FloatType()),
                StructField("result", StringType()),
            ]
        )
        if tokens:
            label = StructType([StructField("label", StringType()), StructField("score", FloatType())])
            token = [StructField("begin", IntegerType()), StructField("end", IntegerType())]
            token.append(StructField("labels", ArrayType(label)))
            chunk.add(StructField("tokens", ArrayType(StructType(token))))
    return {
        "chunks": (ArrayType(chunk),),
        "truncated_from": (IntegerType(),),
        "error_code": (StringType(),),
        "error_message": (StringType(),),
    }


def _on_executors(model: ModelPath, options: Dict[str, Any]) -> ShippedModel:
    if not isinstance(model, (str, os.PathLike)):
        raise option_invalid("model", f"it is of type {type(model).__name__}, not a path or a name")
    load, annotating = split(options)
    to_json(load), to_json(annotating)
    return ShippedModel(os.fspath(model), False, options)


def _ship(df: DataFrame, model: ModelPath, options: Dict[str, Any]) -> ShippedModel:
    """Lets Spark bring the model to each executor."""
    path = find_model(model)
    # Whatever is wrong with the model or the options is told here, not by every task.
    Annotator(path, **options)
    packed = _pack(Path(path))
    try:
        owner, add_file = _shipping(df.sparkSession)
        if (owner, packed.name) not in _shipped:
            add_file(str(packed))
            _shipped.add((owner, packed.name))
    except Exception as error:
        advice = "put it at one path on every executor, and say so by on_executors=True"
        raise option_invalid("model", f"this session cannot ship it ({error}): {advice}") from error
    return ShippedModel(packed.name, True, options)


def _shipping(session: SparkSession) -> Tuple[str, Callable[[str], None]]:
    """What the files of a session belong to, and what ships one to its executors."""
    try:
        context = session.sparkContext
    except Exception:
        # Spark Connect has no context. What it ships is the session's alone.
        connected = cast(Any, session)
        return connected.session_id, lambda file: connected.addArtifacts(file, file=True)
    return context.applicationId, context.addFile


_shipped: Set[Tuple[str, str]] = set()
"""What has been shipped: Spark's application or the session of Spark Connect, and the file's name."""
_folder: Optional[Path] = None


def _pack(model: Path) -> Path:
    """The model as one file, since clusters ship no folders. Its name is that of its content: another model is another file."""
    global _folder
    if _folder is None:
        # Spark reads the file as executors ask for it, for as long as the program runs.
        _folder = Path(tempfile.mkdtemp(prefix="glossa-"))
        atexit.register(shutil.rmtree, _folder, ignore_errors=True)
    files = sorted(file for file in model.rglob("*") if file.is_file()) if model.is_dir() else [model]
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.relative_to(model)}\0{file.stat().st_size}\0".encode())
        with file.open("rb") as content:
            for part in iter(lambda: content.read(1 << 20), b""):
                digest.update(part)
    packed = _folder / f"glossa-model-{digest.hexdigest()[:16]}.zip"
    if not packed.exists():
        part = packed.with_suffix(".part")
        if model.is_dir():
            with zipfile.ZipFile(part, "w") as archive:
                for file in files:
                    archive.write(file, file.relative_to(model))
        else:
            shutil.copyfile(model, part)
        part.rename(packed)
    return packed
