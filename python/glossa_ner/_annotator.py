"""`Annotator`: loads a model and annotates texts with it."""

from __future__ import annotations

import ctypes
import os
import sys
from typing import TYPE_CHECKING, Any, Dict, Iterable, Iterator, List, Optional, Tuple, cast

from . import _glossa
from ._documents import Document
from ._errors import GlossaError
from ._models import ModelPath, find_model
from ._option_names import annotating, split, to_json
from ._pipeline import PipelineFile
from ._results import Annotation, Outcome

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._options import AnnotateOptions, Options

MAX_CHARACTERS = 4_000_000
"""Code points of a text beyond which it fails among many texts, by default: it takes minutes, and is hardly one document."""

UNITS = ("code-point", "utf-16", "byte")


class Annotator:
    """A loaded model that annotates texts. Threads may share one.

    It is pickled as its model's path and its options: whoever unpickles it loads the model anew.
    """

    def __init__(self, model: ModelPath, *, offset_unit: str = "code-point", **options: Unpack[Options]) -> None:
        """Loads a model, which takes a second or two and about four times the memory of its file.

        `model` is a folder or zip, or the name of a model that a package brings, such as `cellular` of
        `glossa-ner-models`: see `installed_models`. `offset_unit` is what offsets count: `code-point` as Python does,
        `utf-16` as JavaScript and the JVM do, or `byte` of UTF-8. `options` are those of loading the model, and those of
        annotating, which hold for each call that does not say otherwise.

        Raises `GlossaError`: `file_missing` if there is no such model, `option_invalid`, and the codes of models that
        cannot be read, such as `model_unrecognised` and `graph_invalid`.
        """
        check_unit(offset_unit)
        load, self._annotate = split(cast("Dict[str, Any]", options))
        self._given: Tuple[ModelPath, str, Dict[str, Any]] = (model, offset_unit, dict(options))
        self._unit = offset_unit
        self._engine = _glossa.Engine(find_model(model), to_json(load))
        _give_back_memory()
        self._engine.check(to_json(self._annotate))

    @classmethod
    def from_pipeline(
        cls, file: ModelPath, *, offset_unit: str = "code-point", **options: Unpack[Options]
    ) -> Annotator:
        """Loads the model of a pipeline file with its options, which `options` override.

        Raises `GlossaError`: `pipeline_invalid`, `file_missing`, and those of `Annotator`.
        """
        pipeline = PipelineFile.read(file)
        model = pipeline.model_path
        if model is None:
            raise GlossaError("pipeline_invalid", f"{os.fspath(file)}: it names no model")
        merged = {**pipeline.options, **pipeline.annotate, **options}
        return cls(model, offset_unit=offset_unit, **cast("Any", merged))

    def annotate(self, text: str, **options: Unpack[AnnotateOptions]) -> Annotation:
        """Finds the entities of a text. An empty or blank text has none. Other threads of Python go on meanwhile.

        `options` are those of annotating, in place of the annotator's.

        Raises `GlossaError`: `input_invalid` for what is no `str` and for lone surrogates, `option_invalid`,
        `inference_failed`.
        """
        return self._engine.annotate(text, self._options(options), self._unit)

    def annotate_all(
        self,
        texts: Iterable[str],
        *,
        threads: Optional[int] = None,
        max_characters: Optional[int] = MAX_CHARACTERS,
        **options: Unpack[AnnotateOptions],
    ) -> Iterator[Outcome]:
        """Annotates many texts on all cores, in bounded memory: takes texts only as their outcomes are asked for.

        Outcomes come in the order of the texts. A text that fails has its error in its place, and the others go on.
        `threads` is how many work at once, by default as many as the machine gives the process. A text of more than
        `max_characters` code points fails with `input_invalid`; `None` is no limit. An exception of `texts` itself is
        raised after the outcomes of the texts before it.

        Raises `GlossaError`: `option_invalid`, before the first text is taken; `input_invalid` if `texts` is one text.
        """
        if isinstance(texts, (str, bytes)):
            raise GlossaError("input_invalid", "texts: it is one text, not many: use annotate, or a list")
        if not hasattr(texts, "__iter__"):
            raise GlossaError("input_invalid", f"texts: it is of type {type(texts).__name__}, not many texts, such as a list")
        threads = check_count("threads", threads)
        most = check_count("max_characters", max_characters)
        return self._engine.annotate_all(texts, self._options(options), self._unit, threads, most)

    def annotate_document(self, document: Document, **options: Unpack[AnnotateOptions]) -> Document:
        """The document with what the model finds as its mentions, in place of those that there were.

        Raises `GlossaError`: `input_invalid` for what is no document, and those of `annotate`.
        """
        return self._engine.annotate_document(document, self._options(options), self._unit)

    @property
    def name(self) -> str:
        """The model's name."""
        return self._engine.name

    @property
    def labels(self) -> List[str]:
        """Labels in id order."""
        return self._engine.labels

    @property
    def entities(self) -> List[str]:
        """Names of the entities that the model can find, in the order of its labels."""
        return self._engine.entities

    @property
    def warnings(self) -> List[str]:
        """What a user should know about how the model's files were read, in sentences."""
        return self._engine.warnings

    @property
    def precision(self) -> str:
        """The arithmetic that the linear layers run in: `int8` or `f32`."""
        return self._engine.precision

    @property
    def max_sentence_length(self) -> int:
        """Word pieces per window, special pieces included."""
        return self._engine.max_sentence_length

    @property
    def offset_unit(self) -> str:
        """What offsets count: `code-point`, `utf-16` or `byte`."""
        return self._unit

    def _options(self, options: Any) -> str:
        return to_json({**self._annotate, **annotating(options)} if options else self._annotate)

    def __repr__(self) -> str:
        model, unit, options = self._given
        given = "".join(f", {name}={value!r}" for name, value in options.items())
        return f"Annotator({os.fspath(model)!r}, offset_unit={unit!r}{given})"

    def __reduce__(self) -> Any:
        return _load, self._given


def _load(model: ModelPath, offset_unit: str, options: Dict[str, Any]) -> Annotator:
    return Annotator(model, offset_unit=offset_unit, **cast("Any", options))


def check_unit(unit: str) -> None:
    if unit not in UNITS:
        raise GlossaError("option_invalid", f"option offset_unit: {unit!r} is none of {', '.join(UNITS)}")


def check_count(option: str, value: Optional[int]) -> Optional[int]:
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and 1 <= value < 2**63):
        return value
    raise GlossaError("option_invalid", f"option {option}: {value!r} is no whole number from 1 on, nor None")


def _give_back_memory() -> None:
    """Gives the system what loading has freed. The C library of GNU would keep it: of a BERT of 435 MB, 84 MB a process."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
