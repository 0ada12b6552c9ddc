"""What runs on Spark's executors. It needs pyarrow there, and nothing else of Spark."""

from __future__ import annotations

import socket
from collections import OrderedDict
from dataclasses import dataclass
from itertools import chain
from typing import Any, Dict, Iterable, Iterator, Optional, Tuple

from ._annotator import Annotator
from ._errors import GlossaError
from .arrow import annotate

MOST_LOADED = 2
"""Models that a Python worker keeps: a job has one, and the next one may be another."""

_loaded: "OrderedDict[Tuple[str, str], Annotator]" = OrderedDict()


@dataclass(frozen=True)
class ShippedModel:
    """A model as executors find it."""

    location: str
    """The name of a file that Spark brings to each executor, or a path or name there."""
    shipped: bool
    options: Dict[str, Any]

    def load(self) -> Annotator:
        """The annotator, which a Python worker loads once and keeps for its next tasks."""
        key = (self.location, repr(sorted(self.options.items(), key=str)))
        if key not in _loaded:
            _loaded[key] = self._load()
            while len(_loaded) > MOST_LOADED:
                _loaded.popitem(last=False)
        _loaded.move_to_end(key)
        return _loaded[key]

    def _load(self) -> Annotator:
        path = self.location
        if self.shipped:
            from pyspark import SparkFiles

            path = SparkFiles.get(path)
        try:
            return Annotator(path, **self.options)
        except GlossaError as error:
            if error.code != "file_missing" or self.shipped:
                raise
            advice = "put the model there on every executor, or leave out on_executors, and the driver ships it"
            raise GlossaError(error.code, f"on executor {socket.gethostname()}: {error.message}: {advice}") from None


@dataclass(frozen=True)
class Work:
    """Annotates the batches of a partition."""

    model: ShippedModel
    text: str
    columns: Dict[str, str]
    layout: str
    offset_unit: Optional[str]
    threads: int
    max_characters: Optional[int]

    def __call__(self, batches: Iterable[Any]) -> Iterator[Any]:
        import pyarrow

        batches = iter(batches)
        first = next(batches, None)
        if first is None:
            return
        reader = pyarrow.RecordBatchReader.from_batches(first.schema, chain([first], batches))
        found = annotate(
            reader,
            self.text,
            model=self.model.load(),
            columns=self.columns,
            layout=self.layout,  # type: ignore[arg-type]
            offset_unit=self.offset_unit,
            threads=self.threads,
            max_characters=self.max_characters,
        )
        yield from pyarrow.RecordBatchReader.from_stream(found)
