"""Texts of the length of abstracts, the same in every run."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Iterator, List, Optional

ROOT = Path(__file__).resolve().parents[2]
SEED = 1


def sentences_of(file: Optional[Path]) -> List[str]:
    """Our own sentences, those of the benchmark of the page; or those of the texts of a file of JSON lines."""
    if file is None:
        script = (ROOT / "bench/texts.js").read_text(encoding="utf-8")
        (listed,) = re.findall(r"const SENTENCES = \[\n(.*?)\n\];", script, re.DOTALL)
        return re.findall(r"'(.*)'", listed)
    with file.open(encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line in lines]
    return [sentence for text in texts for sentence in re.split(r"(?<=[.?!])\s+", text.strip()) if sentence]


def abstracts(count: int, sentences: List[str]) -> Iterator[str]:
    """Texts of 8 to 14 sentences each."""
    chance = random.Random(SEED)
    for _ in range(count):
        yield " ".join(chance.sample(sentences, chance.randint(8, 14)))


def write(file: Path, count: int, sentences: List[str]) -> None:
    with file.open("w", encoding="utf-8") as out:
        for number, text in enumerate(abstracts(count, sentences)):
            out.write(json.dumps({"id": number, "text": text}) + "\n")
