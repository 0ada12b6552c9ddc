"""Adds copies with long lists of collaborators to training records from PubMed.

    python collaborators.py --share S --out FILE.jsonl RECORDS.jsonl

PubMed lists a study group's collaborators after the authors, in the same form, but they are not authors, and nearly all
annotations leave them out. Such a list fills whole windows, without the context that distinguishes it from a list of
authors, and a small corpus has too few lists to learn the difference. For a share S of the records, a copy is written in which
a list follows the authors; its names are recombined from those of all authors. `Author` annotations within existing lists
are dropped.
"""

import argparse
import json
import math
import random
import re
from pathlib import Path

from examples import read_records

AUTHOR = "Author"
HEADING = "Collaborators: "
# Minimum and maximum number of names in a list, and maximum length of a line in characters.
NAMES = (8, 160)
LINE = 80


def listed(text):
    """Ranges of the lists of collaborators."""
    return [match.span() for match in re.finditer(rf"{HEADING}.*?(?=\n\n|\Z)", text, re.DOTALL)]


def without_collaborators(record):
    lists = listed(record["text"])
    inside = lambda begin: any(first <= begin < last for first, last in lists)
    kept = [e for e in record["entities"] if e[2] != AUTHOR or not inside(e[0])]
    return {**record, "entities": kept}


def author_names(record):
    found = [record["text"][begin:end] for begin, end, entity, *_ in record["entities"] if entity == AUTHOR]
    words = [name.strip(" ,;").split() for name in found]
    return [name for name in words if len(name) > 1]


def list_of(names, chance):
    """A list of random names, each with the surname of one author and the initials of another, wrapped to lines."""
    count = round(math.exp(chance.uniform(*map(math.log, NAMES))))
    drawn = [f"{' '.join(chance.choice(names)[:-1])} {chance.choice(names)[-1]}" for _ in range(count)]
    lines = [""]
    for word in f"{HEADING}{', '.join(drawn)}.".split(" "):
        if len(lines[-1]) + len(word) >= LINE:
            lines.append("")
        lines[-1] += f" {word}" if lines[-1] else word
    return "\n".join(lines)


def with_list(record, names, chance):
    """The record with a list after the paragraph of its last author; `None` if it has no author or already has a list."""
    text = record["text"]
    authors = [end for _, end, entity, *_ in record["entities"] if entity == AUTHOR]
    place = text.find("\n\n", max(authors)) if authors else -1
    if place < 0 or listed(text):
        return None
    added = "\n\n" + list_of(names, chance)
    moved = [[b + len(added), e + len(added), *rest] if b >= place else [b, e, *rest] for b, e, *rest in record["entities"]]
    return {"id": f"{record['id']}-collaborators", "text": text[:place] + added + text[place:], "entities": moved}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("records", type=Path, metavar="RECORDS")
    parser.add_argument("--share", type=float, required=True, help="share of the records that get a copy with a list")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    chance = random.Random(options.seed)
    records = [without_collaborators(record) for record in read_records(options.records)]
    names = [name for record in records for name in author_names(record)]
    copies = [with_list(record, names, chance) for record in chance.sample(records, round(options.share * len(records)))]
    copies = [copy for copy in copies if copy]
    lines = [json.dumps(record, ensure_ascii=False) for record in records + copies]
    options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(copies)} lists of collaborators for {len(records)} records")


if __name__ == "__main__":
    main()
