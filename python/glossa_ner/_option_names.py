"""Options by Python's names, as the JSON that the engine reads."""

from __future__ import annotations

import difflib
import json
from typing import Any, Collection, Dict, Mapping, Tuple

from ._errors import option_invalid
from ._options import AnnotateOptions, LoadOptions, TokenizerOptions

LOAD = frozenset(LoadOptions.__annotations__)
ANNOTATE = frozenset(AnnotateOptions.__annotations__)
TOKENIZER = frozenset(TokenizerOptions.__annotations__)


def split(options: Mapping[str, Any]) -> Tuple[Dict[str, Any], Dict[str, Any]]:
    """Those of loading, and those of annotating; without those that are `None`, which are not set.

    Raises `GlossaError` (`option_invalid`) for a name that is none.
    """
    for name in options:
        check_name(name, LOAD | ANNOTATE)
    given = {name: value for name, value in options.items() if value is not None}
    load = {name: value for name, value in given.items() if name in LOAD}
    return load, {name: value for name, value in given.items() if name in ANNOTATE}


def annotating(options: Mapping[str, Any]) -> Dict[str, Any]:
    """Those of annotating; an option of loading is `option_invalid`."""
    load, annotate = split(options)
    for name in load:
        raise option_invalid(name, "it is one of loading the model: give it to Annotator")
    return annotate


def to_json(options: Mapping[str, Any]) -> str:
    """The options as JSON, by the names that pipeline files have.

    Raises `GlossaError` (`option_invalid`) for values that are none.
    """
    tokenizer = options.get("tokenizer")
    if tokenizer is not None:
        if not isinstance(tokenizer, Mapping):
            raise option_invalid("tokenizer", f"it is of type {type(tokenizer).__name__}, not dict")
        for name in tokenizer:
            check_name(name, TOKENIZER)
        options = {**options, "tokenizer": camel_names({k: v for k, v in tokenizer.items() if v is not None})}
    named = camel_names(options)
    for name, value in named.items():
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise option_invalid(name, f"{value!r} is no value of an option: {error}") from None
    return json.dumps(named)


def check_name(name: str, known: Collection[str]) -> None:
    if name not in known:
        near = difflib.get_close_matches(str(name), known, 1)
        meant = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(known))}"
        raise option_invalid(str(name), f"there is no such option: {meant}")


def camel_names(options: Mapping[str, Any]) -> Dict[str, Any]:
    return {camel(name): value for name, value in options.items()}


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def from_json(text: str) -> Dict[str, Any]:
    """The inverse of `to_json`, without options that are not set."""
    options = {snake(name): value for name, value in json.loads(text).items() if value is not None}
    if "tokenizer" in options:
        named = options["tokenizer"].items()
        options["tokenizer"] = {snake(name): value for name, value in named if value is not None}
    return options
