"""Pipeline files: a model and its options in one JSON document."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Optional

from . import _glossa
from ._errors import GlossaError
from ._models import ModelPath
from ._option_names import from_json


@dataclass(frozen=True)
class PipelineFile:
    """A model and its options, as a pipeline file has them: the same file serves the command line, JavaScript and Rust."""

    file: str
    """The file's path."""
    model: Optional[str]
    """The model's path as written; `None` if the file names none."""
    options: Dict[str, Any]
    """Options of loading the model, by Python's names."""
    annotate: Dict[str, Any]
    """Options of annotating a text, by Python's names."""
    format: Optional[str]
    """The name of the format in which results are written, if the file says."""

    @classmethod
    def read(cls, file: ModelPath) -> PipelineFile:
        """Reads a pipeline file.

        Raises `GlossaError`: `file_missing`, `file_unreadable`; `pipeline_invalid` for one that is malformed, of another
        version, or has an unknown key.
        """
        name = os.fspath(file)
        try:
            text = Path(name).read_text(encoding="utf-8")
        except FileNotFoundError:
            raise GlossaError("file_missing", f"{name}: no such file") from None
        except UnicodeDecodeError as error:
            raise GlossaError("pipeline_invalid", f"{name}: it is not UTF-8: {error}") from None
        except OSError as error:
            raise GlossaError("file_unreadable", f"{name}: cannot be read: {error}") from None
        model, options, annotate, format = _glossa.pipeline_file(text, name)
        return cls(name, model, from_json(options), from_json(annotate), format)

    @property
    def model_path(self) -> Optional[str]:
        """The model's path. A relative one starts from the folder of the file."""
        return None if self.model is None else str(Path(self.file).parent / self.model)
