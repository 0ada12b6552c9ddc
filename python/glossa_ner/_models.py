"""Where a model is: at a path, or by its name in a package of models that is installed."""

from __future__ import annotations

import os
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Dict, Union

from ._errors import GlossaError

GROUP = "glossa_ner.models"
"""The entry points of packages of models: the name is the model's, the value a function that returns its path."""

ModelPath = Union[str, "os.PathLike[str]"]


def installed_models() -> Dict[str, Path]:
    """The models that installed packages bring, such as `glossa-ner-models`: their paths by their names."""
    if sys.version_info >= (3, 10):
        found = entry_points(group=GROUP)
    else:
        found = entry_points().get(GROUP, ())
    return {point.name: Path(point.load()()) for point in sorted(found, key=lambda point: point.name)}


def find_model(model: ModelPath) -> str:
    """The path of a model: a path as it is, or that of an installed model if `model` is its name.

    A name has no separator, so that the folder `cellular` beside an installed model of this name is `./cellular`.

    Raises `GlossaError`: `file_missing` if there is neither, `option_invalid` for an empty path and for what is no path.
    """
    if not isinstance(model, (str, os.PathLike)):
        raise GlossaError("option_invalid", f"option model: it is of type {type(model).__name__}, not a path or a name")
    path = os.fspath(model)
    if isinstance(path, bytes):
        path = os.fsdecode(path)
    if not path:
        raise GlossaError("option_invalid", "option model: it is empty: give a path, or the name of an installed model")
    is_name = isinstance(model, str) and Path(path).name == path
    installed = installed_models() if is_name else {}
    if path in installed:
        return str(installed[path])
    if not os.path.exists(path):
        if not is_name:
            raise GlossaError("file_missing", f"{path}: no such file or folder")
        names = ", ".join(installed) or "none; pip install glossa-ner-models brings some"
        reason = "there is no such file or folder, and no model of this name is installed; installed are"
        raise GlossaError("file_missing", f"{path}: {reason} {names}")
    return path
