"""The exception of everything that goes wrong."""

from __future__ import annotations


class GlossaError(Exception):
    """An error with a code that is stable across versions.

    The message names the file, option or text at fault, and says what to do where that is known. The codes are those of the
    command line and of the JavaScript package, as the README lists them: `file_missing`, `option_invalid`, `input_invalid`, …
    """

    code: str
    """What is wrong, for programs to match on."""

    message: str
    """What is wrong, in words."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


def option_invalid(option: str, reason: str) -> GlossaError:
    return GlossaError("option_invalid", f"option {option}: {reason}")
