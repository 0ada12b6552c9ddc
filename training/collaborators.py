"""Adds abstracts with long lists of collaborators to training records whose texts are PubMed's.

    python collaborators.py --share S --out FILE.jsonl RECORDS.jsonl

PubMed prints a study group's collaborators after the authors, in the same form, but they are no authors, and nearly all
annotations leave them out. A list fills windows of its own, in which only what is missing tells it from a list of
authors: the few that a small corpus has are not enough to learn that. Of a share of the records, a copy is written in
which a list follows the authors, of names put together from those of all authors; the entity `Author` is dropped where it
was annotated among collaborators.
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
# Fewest and most names of a list, and characters of a line.
NAMES = (8, 160)
LINE = 80


def listed(text):
    """Where lists of collaborators stand."""
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
    """Surnames and initials of any of the names, in lines."""
    count = round(math.exp(chance.uniform(*map(math.log, NAMES))))
    drawn = [f"{' '.join(chance.choice(names)[:-1])} {chance.choice(names)[-1]}" for _ in range(count)]
    lines = [""]
    for word in f"{HEADING}{', '.join(drawn)}.".split(" "):
        if len(lines[-1]) + len(word) >= LINE:
            lines.append("")
        lines[-1] += f" {word}" if lines[-1] else word
    return "\n".join(lines)


def with_list(record, names, chance):
    """The record with a list after the paragraph of its last author; nothing if it names none, or has a list."""
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
    parser.add_argument("--share", type=float, required=True, help="of the records, how many get a copy with a list")
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
