"""`EntityAnnotator`: `glossa_ner.spark.annotate` as a stage of `pyspark.ml.Pipeline`."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, Dict, Optional, cast

from pyspark.ml import Transformer
from pyspark.ml.param import Param, Params, TypeConverters
from pyspark.ml.util import DefaultParamsReadable, DefaultParamsWritable

from ._errors import option_invalid
from ._models import ModelPath
from ._option_names import split, to_json
from .arrow import column_names
from .spark import annotate

if TYPE_CHECKING:
    from pyspark.sql import DataFrame




__all__ = ["EntityAnnotator"]


class EntityAnnotator(Transformer, DefaultParamsReadable, DefaultParamsWritable):  # type: ignore[misc]
    """Adds the columns of results to a data frame, as `glossa_ner.spark.annotate` does.

    It is saved and loaded as any stage of `pyspark.ml`. What is saved is the model's path or name, not the model: where it is
    loaded, the model must be there too.
    """

    textCol: Param[str] = Param(Params._dummy(), "textCol", "the column of texts", TypeConverters.toString)
    settings: Param[str] = Param(
        Params._dummy(), "settings", "the arguments of glossa_ner.spark.annotate, as JSON", TypeConverters.toString
    )

    def __init__(self, text: str = "text", *, model: Optional[ModelPath] = None, **arguments: Any) -> None:
        """`arguments` are those of `glossa_ner.spark.annotate`.

        Raises `GlossaError` (`option_invalid`) for options that there are not; the rest is told by `transform`.
        """
        super().__init__()
        if model is None:
            # Spark makes a stage without arguments, and then fills it with what was saved.
            if arguments:
                raise option_invalid("model", "it is missing: give a path, or the name of an installed model")
            return
        known = ("columns", "layout", "offset_unit", "threads", "max_characters", "rows_per_batch", "on_executors")
        options = {name: value for name, value in arguments.items() if name not in known}
        for group in split(options):
            to_json(group)
        if "columns" in arguments:
            names = column_names(arguments["columns"])
            arguments["columns"] = {own: name for own, name in names.items() if name is not None}
        self._set(textCol=text, settings=json.dumps({"model": os.fspath(model), **arguments}))

    def _transform(self, dataset: DataFrame) -> DataFrame:
        if not self.isDefined(self.settings):
            raise option_invalid("model", "it is missing: give a path, or the name of an installed model")
        arguments = cast("Dict[str, Any]", json.loads(self.getOrDefault(self.settings)))
        return annotate(dataset, self.getOrDefault(self.textCol), **arguments)
