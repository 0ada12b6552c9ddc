"""Files of annotated texts, in the formats of the command line: docs/formats.md has them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable as AnyIterable
from typing import Any, Dict, Iterable, Iterator, List, Literal, Optional, Tuple, TypedDict, Union, cast

from . import _glossa
from ._errors import GlossaError
from ._results import Format, Record, Written


class Span(TypedDict, total=False):
    """A place in a text."""

    begin: int
    """First offset."""
    end: int
    """One past the last offset."""


class By(TypedDict, total=False):
    """Who decided that a mention is one."""

    who: Literal["file", "model", "person"]
    name: str
    """The name of the model or person, if it is known."""


class Mention(TypedDict, total=False):
    """An entity found in a text, with who says so."""

    spans: List[Span]
    """Its places, in order and without overlaps: one, or several if it is in pieces."""
    text: str
    """The text at its places, joined by one blank."""
    entity: str
    """The entity's name: `protein`, `Drug`."""
    confidence: float
    """How sure the model is, 0 to 1."""
    result: str
    """Spark NLP's text of the chunk, if it differs."""
    tokens: List[Dict[str, Any]]
    """The tokens that the model made it of, with the scores of their likeliest labels, if that was asked for."""
    id: str
    """Its name in the file."""
    identifier: str
    """Its concept in a database, such as `MESH:D003924`."""
    by: By
    """Who decided that it is one."""
    time: str
    """When that was decided, as RFC 3339 has it."""
    info: Dict[str, str]
    """What else the file says about the mention."""


class Passage(TypedDict, total=False):
    """A part of a document's text."""

    begin: int
    """First offset."""
    end: int
    """One past the last offset."""
    kind: str
    """What it is, such as `title`; empty if the file does not say."""
    offset: int
    """The offset that the file gives to the passage, in the file's unit, if that is not where the text has it."""
    info: Dict[str, str]
    """What else the file says about the passage."""


class Document(TypedDict, total=False):
    """A text with what a file says about it: a `dict`. What is left out is empty. Offsets count code points by default."""

    id: str
    """The document's name in its file."""
    text: str
    passages: List[Passage]
    """Parts of the text such as title and abstract, in order and without overlaps; none if the text is one."""
    mentions: List[Mention]
    """Mentions of entities, in the order of the file."""
    info: Dict[str, str]
    """What else the file says about the document."""
    truncated_from: int
    """The offset where the part that the model did not read begins."""
    precision: str
    """The arithmetic that the model ran in: `int8` or `f32`."""


File = Union[str, "os.PathLike[str]", Tuple[str, bytes]]


def formats() -> List[Format]:
    """All file formats."""
    return [Format(*info) for info in _glossa.formats()]


def read_documents(
    files: Union[File, Iterable[File]],
    *,
    format: Optional[str] = None,
    recognise: bool = False,
    charset: Optional[str] = None,
    text_field: Optional[str] = None,
    id_field: Optional[str] = None,
    unit: Optional[str] = None,
    offset_unit: str = "code-point",
) -> Iterator[Record]:
    """Reads the documents of files, one by one: paths, or pairs of a name and bytes. Zip and gzip are read too.

    `format` is a format's name, by default that of each file's name and first lines; with `recognise`, a file whose name
    says nothing, or `.txt`, is read as what it looks like. `charset` is the encoding of files that do not say theirs:
    `utf-8`, `utf-16le`, `utf-16be`, `latin-1`, `windows-1252`. `text_field` and `id_field` are names in JSON lines and
    tables. `unit` is what offsets in the files count, if not what their format prescribes; `offset_unit` is what those
    of the documents count, both `code-point`, `utf-16` or `byte`.

    A record that cannot be read has its error in its place, and the next one follows.

    Raises `GlossaError`: `option_invalid`.
    """
    one = not isinstance(files, AnyIterable) or isinstance(files, str) or _is_in_memory(files)
    named = [_named(file) for file in ([files] if one else cast("Iterable[File]", files))]
    settings = {
        "format": format,
        "recognise": recognise,
        "charset": charset,
        "text_field": text_field,
        "id_field": id_field,
        "unit": unit,
    }
    return _glossa.Reader(named, _json(settings), offset_unit)


def write_documents(
    documents: Iterable[Document],
    format: str,
    file: Union[str, os.PathLike[str], None] = None,
    *,
    csv_mark: bool = False,
    details: bool = False,
    label_field: Optional[str] = None,
    offset_unit: str = "code-point",
) -> Written:
    """Writes documents in a format, to `file`, or as bytes if there is none. Offsets are changed to the format's unit.

    `csv_mark` begins CSV with a byte order mark, by which Excel recognises UTF-8; `details` adds who decided, when, and
    the identifier to tables; `label_field` is the key of annotations in doccano's JSON lines. What the format has no
    place for is counted in the warnings of the result. If a document fails, the file has those before it.

    Raises `GlossaError`: `option_invalid`; `input_invalid` for what is no document. Raises `OSError` of the file.
    """
    settings = {"csv_mark": csv_mark, "details": details, "label_field": label_field}
    content, warnings = _glossa.write(documents, format, file, _json(settings), offset_unit)
    return Written(content, warnings)


def _is_in_memory(file: Any) -> bool:
    return isinstance(file, tuple) and len(file) == 2 and isinstance(file[1], (bytes, bytearray, memoryview))


def _named(file: Any) -> Tuple[str, Optional[bytes]]:
    if _is_in_memory(file):
        return str(file[0]), bytes(file[1])
    if isinstance(file, (str, os.PathLike)):
        return os.fsdecode(file), None
    reason = f"it is of type {type(file).__name__}, not a path or a pair of a name and bytes"
    raise GlossaError("option_invalid", f"option files: {reason}")


def _json(settings: Dict[str, Any]) -> str:
    return json.dumps({name: value for name, value in settings.items() if value is not None})
