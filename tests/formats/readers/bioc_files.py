"""Reads BioC that Glossa wrote with the packages bioc and bconv.

    python bioc_files.py FOLDER

FOLDER has documents.jsonl, documents.bioc.xml and documents.bioc.json, written from it. Prints a line for each reader, and what
differs; the exit code is 1 if anything does.
"""

import sys
from collections import Counter
from pathlib import Path

import bconv
from bioc import biocjson, biocxml

from documents import check
from standard_library import BLANKED


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


def differences(document, is_blanked, found):
    id_, passages, mentions = found
    written = lambda text: text.translate(BLANKED) if is_blanked else text
    text = written(document.text)
    if id_ != document.id:
        yield f"{document.id}: the id is {id_!r}"
    for offset, passage in passages:
        if text[offset : offset + len(passage)] != passage:
            yield f"{document.id}: the passage at {offset} is {passage[:60]!r}, not {text[offset : offset + 60]!r}"
    covered = sum(len("".join(passage.split())) for _, passage in passages)
    if covered != len("".join(text.split())):
        yield f"{document.id}: the passages have {covered} visible characters, the text {len(''.join(text.split()))}"
    wanted = Counter((tuple(mention.spans), written(mention.text), mention.entity) for mention in document.mentions)
    for mention in (wanted - mentions) | (mentions - wanted):
        yield f"{document.id}: {mention!r} is there {mentions[mention]} times, not {wanted[mention]}"


def reading(load, of):
    """A reading by a reader that loads a file's documents."""

    def read(path, documents):
        for document, found in zip(documents, load(path), strict=True):
            yield from differences(document, path.suffix == ".xml", of(found))

    return read


def with_bioc(module):
    def load(path):
        with path.open(encoding="utf-8") as file:
            return module.load(file).documents

    return reading(load, of_bioc)


def with_bconv(format):
    # Offsets are code points, not bytes.
    return reading(lambda path: bconv.load(str(path), fmt=format, byte_offsets=False), of_bconv)


READINGS = [
    ("bioc.xml", "bioc", with_bioc(biocxml)),
    ("bioc.xml", "bconv", with_bconv("bioc_xml")),
    ("bioc.json", "bioc", with_bioc(biocjson)),
    ("bioc.json", "bconv", with_bconv("bioc_json")),
]

if __name__ == "__main__":
    check(Path(sys.argv[1]), READINGS)
