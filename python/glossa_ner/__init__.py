"""Biomedical entity annotation: finds proteins, cells, trial arms and other entities of texts, with no network.

    from glossa_ner import Annotator
    annotator = Annotator("cellular")
    print(annotator.annotate("IL-2 gene expression requires NF-kappa B.").chunks)

`glossa_ner.arrow` annotates Arrow data, `glossa_ner.spark` the data frames of Spark. Offsets count code points, so that
`text[begin:end]` is a chunk's text; `offset_unit` changes that. Whatever goes wrong is a `GlossaError` with a `code`.
"""

from ._annotator import Annotator
from ._documents import Document, Mention, Passage, Span, formats, read_documents, write_documents
from ._errors import GlossaError
from ._glossa import VERSION as __version__
from ._models import installed_models
from ._options import AnnotateOptions, LoadOptions, Options, TokenizerOptions
from ._pipeline import PipelineFile
from ._results import Annotation, Chunk, ChunkToken, Format, LabelScore, Outcome, Record, Written

__all__ = [
    "AnnotateOptions",
    "Annotation",
    "Annotator",
    "Chunk",
    "ChunkToken",
    "Document",
    "Format",
    "GlossaError",
    "LabelScore",
    "LoadOptions",
    "Mention",
    "Options",
    "Outcome",
    "Passage",
    "PipelineFile",
    "Record",
    "Span",
    "TokenizerOptions",
    "Written",
    "__version__",
    "formats",
    "installed_models",
    "read_documents",
    "write_documents",
]
