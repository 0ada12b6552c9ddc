"""What is found in texts and read from files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Dict, List, Optional, Tuple

if TYPE_CHECKING:
    from ._documents import Document
    from ._errors import GlossaError


@dataclass(frozen=True)
class LabelScore:
    """A label with its probability for a token."""

    label: str
    """The label as the model has it, such as `O` or `B-protein`, whatever the options rename."""
    score: float
    """Probability, 0 to 1, before Viterbi decoding."""


@dataclass(frozen=True)
class ChunkToken:
    """A token of a chunk, with the scores of its likeliest labels."""

    begin: int
    """First offset in the text."""
    end: int
    """One past the last offset."""
    labels: Tuple[LabelScore, ...]
    """The likeliest labels, best first: as many as `label_scores` asks for."""


@dataclass(frozen=True)
class Chunk:
    """An entity found in a text.

    Offsets are in the annotation's `offset_unit`. In code points, `text[begin:end] == chunk.text`.
    """

    begin: int
    """First offset in the text."""
    end: int
    """One past the last offset."""
    text: str
    """The text from `begin` to `end`, whatever the options."""
    entity: str
    """The entity's name: the label without `B-` or `I-`."""
    confidence: Optional[float]
    """Mean of the tokens' scores, 0 to 1; `None` if none has one."""
    result: Optional[str] = None
    """Spark NLP's text of the chunk, if it differs from `text`."""
    tokens: Tuple[ChunkToken, ...] = ()
    """The tokens of the chunk; empty unless `label_scores` asks for them."""


@dataclass(frozen=True)
class Annotation:
    """The result of annotating a text."""

    chunks: Tuple[Chunk, ...]
    """Chunks in the order of the text; those of different label sets may overlap, of which most models have one."""
    truncated_from: Optional[int]
    """With mode `truncate`, the offset where the unread rest of the text begins; `None` if all was read."""
    precision: Optional[str]
    """The arithmetic that the model's linear layers ran in: `int8` or `f32`."""
    offset_unit: str
    """What offsets count: `code-point`, `utf-16` or `byte`."""


@dataclass(frozen=True)
class Outcome:
    """What became of one of many texts: its annotation, or its error."""

    index: int
    """The text's place among them, from 0."""
    annotation: Optional[Annotation]
    """The annotation; `None` if the text failed."""
    error: Optional[GlossaError]
    """Why the text failed; `None` if it did not."""


@dataclass(frozen=True)
class Record:
    """A record of a file."""

    place: str
    """The file, and the line where the record begins if that is known: `file:line`."""
    id: str
    """The document's name: its id, or where it stands."""
    format: str
    """The format's name."""
    document: Optional[Document]
    """The document; `None` if it could not be read."""
    error: Optional[GlossaError]
    """Why it could not be read; `None` if it was."""
    problems: List[GlossaError]
    """What of the document could not be read, such as a mention that is not where its offsets say: the rest is there."""
    warnings: Dict[str, int]
    """What was left out because documents have no place for it, and how often."""


@dataclass(frozen=True)
class Format:
    """A file format."""

    name: str
    """The name in options, as in `pubtator`."""
    title: str
    """The name in words, as in "PubTator"."""
    extension: str
    """The end of the names of new files, without a dot."""
    read: bool
    """Whether it can be read."""
    written: bool
    """Whether it can be written."""
    file_per_document: bool
    """Whether each document is a file of its own, so that several are a zip."""


@dataclass(frozen=True)
class Written:
    """What was written."""

    content: Optional[bytes]
    """The file; `None` if it is where it was asked for."""
    warnings: Dict[str, int]
    """What the format has no place for, and how often."""
