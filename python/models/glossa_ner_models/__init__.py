"""The models of Glossa, as data: `glossa_ner.Annotator("cellular")` finds them by their names."""

from pathlib import Path

_HERE = Path(__file__).parent


def biomedical() -> Path:
    """The folder of the model for diseases, chemicals, species, anatomy, and genes or proteins."""
    return _HERE / "biomedical"


def cellular() -> Path:
    """The folder of the model for proteins, DNA, RNA, cell lines and cell types."""
    return _HERE / "cellular"


def clinical_trials() -> Path:
    """The folder of the model for the entities of clinical trials."""
    return _HERE / "clinical_trials"
