"""Reads BioC that Glossa wrote with readers of other projects, and compares texts, places and entities with Glossa's JSON lines.

    python read_bioc.py FOLDER

FOLDER has documents.jsonl, and documents.bioc.xml or documents.bioc.json or both. Prints what differs; the exit code is 1 if
anything does.
"""

import json
import sys
from collections import Counter
from pathlib import Path

import bconv
from bioc import biocjson, biocxml

# What a character that XML does not allow is written as.
BLANKED = {code: " " for code in [*range(0x20), 0xFFFE, 0xFFFF] if code not in (0x9, 0xA, 0xD)}


def code_point(text, offset):
    return len(text.encode("utf-16-le")[: 2 * offset].decode("utf-16-le"))


def expected(document, blanked):
    """Locations, text and entity of each mention, in code points."""
    text = document["text"]
    found = Counter()
    for chunk in document["chunks"]:
        spans = chunk.get("spans", [chunk])
        places = tuple((code_point(text, span["begin"]), code_point(text, span["end"])) for span in spans)
        words = " ".join(text[begin:end] for begin, end in places)
        found[places, words.translate(BLANKED) if blanked else words, chunk["entity"]] += 1
    return found


def of_bioc(document):
    """Id, passages as (offset, text), and mentions, by the package bioc."""
    passages = [(passage.offset, passage.text or "") for passage in document.passages]
    found = Counter()
    for passage in document.passages:
        for annotation in passage.annotations:
            places = tuple((location.offset, location.end) for location in annotation.locations)
            found[places, annotation.text or "", annotation.infons.get("type", "")] += 1
    return document.id, passages, found


def of_bconv(document):
    """The same, by the package bconv, which sorts mentions."""
    passages = [(section.start, section.text) for section in document]
    found = Counter()
    for entity in document.iter_entities():
        found[tuple(entity.spans), entity.text, entity.metadata.get("type", "")] += 1
    return document.id, passages, found


def read(path):
    """The documents of a file by each reader: its name, and an id, passages and mentions for each document."""
    if path.suffix == ".xml":
        with path.open("rb") as file:
            yield "bioc", [of_bioc(document) for document in biocxml.load(file).documents]
        yield "bconv", [of_bconv(document) for document in bconv.load(str(path), fmt="bioc_xml", byte_offsets=False)]
    else:
        with path.open(encoding="utf-8") as file:
            yield "bioc", [of_bioc(document) for document in biocjson.load(file).documents]
        yield "bconv", [of_bconv(document) for document in bconv.load(str(path), fmt="bioc_json", byte_offsets=False)]


def differences(document, blanked, found):
    id_, passages, mentions = found
    text = document["text"].translate(BLANKED) if blanked else document["text"]
    if id_ != document["id"]:
        yield f"the id is {id_!r}"
    for offset, passage in passages:
        if text[offset : offset + len(passage)] != passage:
            yield f"the passage at {offset} is {passage[:60]!r}, not {text[offset : offset + 60]!r}"
    covered = sum(len("".join(passage.split())) for _, passage in passages)
    if covered != len("".join(text.split())):
        yield f"the passages have {covered} visible characters, the text {len(''.join(text.split()))}"
    wanted = expected(document, blanked)
    for mention in (wanted - mentions) | (mentions - wanted):
        yield f"{mention!r:.200} is there {mentions[mention]} times, not {wanted[mention]}"


def main(folder):
    with (folder / "documents.jsonl").open(encoding="utf-8", newline="\n") as file:
        documents = [json.loads(line) for line in file]
    paths = [path for name in ("documents.bioc.xml", "documents.bioc.json") if (path := folder / name).exists()]
    if not paths:
        sys.exit(f"{folder} has no BioC")
    failed = False
    for path in paths:
        for reader, found in read(path):
            if len(found) != len(documents):
                print(f"{path.name}, {reader}: {len(found)} documents, not {len(documents)}")
                failed = True
            for document, one in zip(documents, found):
                for difference in differences(document, path.suffix == ".xml", one):
                    print(f"{path.name}, {reader}: {document['id']}: {difference}")
                    failed = True
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
