"""Reads files that Glossa wrote with Python's own json, csv, xml.etree, html.parser and zipfile, and by their lines, as most
scripts do.

    python3 standard_library.py FOLDER

FOLDER has documents.jsonl and the files named under READINGS, written from it, and no others. Prints a line for each, and what
differs; the exit code is 1 if anything does.
"""

import csv
import html.parser
import io
import json
import re
import sys
import xml.etree.ElementTree
import zipfile
from collections import Counter
from pathlib import Path

from documents import check, lines, longest_first, places

# What a character that XML does not allow is written as.
BLANKED = {code: " " for code in [*range(0x20), 0xFFFE, 0xFFFF] if code not in (0x9, 0xA, 0xD)}


def utf16(text, begin, end):
    return text.encode("utf-16-le")[2 * begin : 2 * end].decode("utf-16-le")


def json_lines(path, documents):
    for document, read in zip(documents, lines(path), strict=True):
        if read["offsetUnit"] != "utf-16":
            yield f"{document.id}: the unit is {read['offsetUnit']}"
        for chunk in read["chunks"]:
            text = " ".join(utf16(read["text"], span["begin"], span["end"]) for span in chunk.get("spans", [chunk]))
            if text != chunk["text"]:
                yield f"{document.id}: {text!r} at {chunk}"


def plain_text(path, documents):
    if path.read_bytes().decode() != "\n\f\n".join(document.text for document in documents):
        yield "another text"


def doccano(path, documents):
    for document, read in zip(documents, lines(path), strict=True):
        yield from places(document, read["text"], [tuple(label) for label in read["label"]])


def spacy(path, documents):
    for document, read in zip(documents, lines(path), strict=True):
        spans = read["spans"]["sc"] if "spans" in read else read["ents"]
        yield from places(document, read["text"], [(span["start"], span["end"], span["label"]) for span in spans])


def label_studio(path, documents):
    for document, task in zip(documents, json.loads(path.read_text(encoding="utf-8")), strict=True):
        text, found = task["data"]["text"], []
        for layer in task["predictions"] + task["annotations"]:
            for value in (region["value"] for region in layer["result"]):
                if utf16(text, value["start"], value["end"]) != value["text"]:
                    yield f"{document.id}: another text at {value}"
                found.append((value["start"], value["end"], *value["labels"]))
        yield from places(document, text, found, units=True)


def web_annotation(path, documents):
    items = iter(json.loads(path.read_text(encoding="utf-8"))["first"]["items"])
    for document in documents:
        text, found = document.text, []
        for item in (next(items) for _ in document.mentions):
            for target in item["target"] if isinstance(item["target"], list) else [item["target"]]:
                position, quote = target["selector"]
                begin, end = position["start"], position["end"]
                around = text[max(0, begin - 32) : begin], text[begin:end], text[end : end + 32]
                if around != (quote["prefix"], quote["exact"], quote["suffix"]):
                    yield f"{document.id}: {quote} does not stand at {begin}"
                found.append((begin, end, item["body"][0]["value"]))
        yield from places(document, text, found)
    if next(items, None) is not None:
        yield "it has more annotations than there are mentions"


def cas(path, documents):
    with zipfile.ZipFile(path) as archive:
        for document, name in zip(documents, archive.namelist(), strict=True):
            sofa, *structures = json.loads(archive.read(name))["%FEATURE_STRUCTURES"]
            entities = [one for one in structures if one["%TYPE"].endswith(".NamedEntity")]
            found = [(one["begin"], one["end"], one["value"]) for one in entities]
            yield from places(document, sofa["sofaString"], found, units=True)


def table(delimiter):
    def read(path, documents):
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file, delimiter=delimiter))
        # A cell that a spreadsheet would take for a formula has an apostrophe before it.
        plain = lambda cell: cell.removeprefix("'") if delimiter == "," else cell
        cells = lambda row: (row["begin"], row["end"], row["entity"], row["text"])
        for document in documents:
            found = Counter((*cells(row)[:3], plain(row["text"])) for row in rows if plain(row["id"]) == document.id)
            expected = Counter(tuple(map(str, cells(mention.chunk))) for mention in document.mentions)
            if found != expected:
                yield f"{document.id}: {found - expected} and not {expected - found}"

    return read


class Page(html.parser.HTMLParser):
    """The text of each article, and the entity of each mark with its text."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.texts, self.labels, self.is_text = [], [], False

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "article":
            self.texts.append("")
            self.labels.append([])
        self.is_text = self.is_text or (tag == "p" and (attributes.get("class") or "").startswith("text"))
        if tag == "mark" and "data-label" in attributes:
            self.labels[-1].append(attributes["data-label"].split(" ")[0])

    def handle_endtag(self, tag):
        self.is_text = self.is_text and tag != "p"

    def handle_data(self, data):
        if self.is_text:
            self.texts[-1] += data


def page(path, documents):
    reader = Page()
    with path.open(encoding="utf-8", newline="") as file:
        reader.feed(file.read())
    for document, text, labels in zip(documents, reader.texts, reader.labels, strict=True):
        expected = document.text.replace("\0", "\ufffd")
        if "passages" in document.record:
            text, expected = "".join(text.split()), "".join(expected.split())
        if text != expected:
            yield f"{document.id}: another text"
        if Counter(labels) != Counter(entity.split(" ")[0] for *_, entity in document.pieces()):
            yield f"{document.id}: other entities"


def bioc(document, text, passages):
    """The differences of a document of BioC: each passage an offset, a text, and annotations as (begin, length, text, entity)."""
    pieces = []
    for offset, passage, annotations in passages:
        if text[offset : offset + len(passage)] != passage:
            yield f"{document.id}: the passage at {offset} is {passage[:60]!r}, not {text[offset : offset + 60]!r}"
        for locations, annotated, entity in annotations:
            pieces += [(begin, begin + length, entity) for begin, length in locations]
            there = " ".join(text[begin : begin + length] for begin, length in locations)
            if annotated != there:
                yield f"{document.id}: {annotated!r} at {locations}, not {there!r}"
    yield from places(document, document.text, pieces)


def bioc_xml(path, documents):
    found = xml.etree.ElementTree.parse(path).getroot().findall("document")
    for document, element in zip(documents, found, strict=True):
        annotations = lambda passage: [
            (
                [(int(location.get("offset")), int(location.get("length"))) for location in annotation.findall("location")],
                annotation.findtext("text"),
                annotation.findtext("infon[@key='type']"),
            )
            for annotation in passage.findall("annotation")
        ]
        passages = [
            (int(passage.findtext("offset")), passage.findtext("text", ""), annotations(passage))
            for passage in element.findall("passage")
        ]
        yield from bioc(document, document.text.translate(BLANKED), passages)


def bioc_json(path, documents):
    found = json.loads(path.read_text(encoding="utf-8"))["documents"]
    for document, object in zip(documents, found, strict=True):
        annotations = lambda passage: [
            ([(at["offset"], at["length"]) for at in one["locations"]], one["text"], one["infons"]["type"])
            for one in passage["annotations"]
        ]
        passages = [(passage["offset"], passage["text"], annotations(passage)) for passage in object["passages"]]
        yield from bioc(document, document.text, passages)


def pubannotation(path, documents):
    for document, read in zip(documents, json.loads(path.read_text(encoding="utf-8")), strict=True):
        denotations, blocks, attributes = (read.get(key, []) for key in ("denotations", "blocks", "attributes"))
        spans = lambda span: span if isinstance(span, list) else [span]
        found = [(at["begin"], at["end"], one["obj"]) for one in denotations for at in spans(one["span"])]
        yield from places(document, read["text"], found)
        ids = Counter(one["id"] for one in denotations + blocks + attributes)
        if len(ids) != ids.total():
            yield f"{document.id}: an id stands twice"
        # As PubAnnotation has it, an attribute is of a denotation, a block or a relation.
        subjects = {one["id"] for one in denotations + blocks}
        yield from (f"{document.id}: {one} is of nothing" for one in attributes if one["subj"] not in subjects)
        if len(blocks) != len(document.record.get("passages", [])):
            yield f"{document.id}: {len(blocks)} blocks"


def brat(path, documents):
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.endswith(".txt")]
        for document, name in zip(documents, names, strict=True):
            text = archive.read(name).decode()
            if "".join(text.split()) != "".join(document.text.split()):
                yield f"{document.id}: another text"
            found = []
            for line in archive.read(name.removesuffix(".txt") + ".ann").decode().split("\n"):
                if not line.startswith("T"):
                    continue
                _, place, annotated = line.split("\t")
                entity, spans = place.split(" ", 1)
                spans = [tuple(map(int, span.split(" "))) for span in spans.split(";")]
                there = " ".join(text[begin:end] for begin, end in spans)
                if there != annotated:
                    yield f"{document.id}: {annotated!r} at {spans}, not {there!r}"
                found.append((re.sub(r"\s+", " ", there), entity))
            expected = [(re.sub(r"\s+", " ", mention.text), mention.entity) for mention in document.mentions]
            if sorted(found) != sorted(expected):
                yield f"{document.id}: {found}, not {expected}"


def characters(text):
    return "".join(text.split())


def pubtator(path, documents):
    with path.open(encoding="utf-8", newline="\n") as file:
        blocks = file.read().rstrip("\n").split("\n\n")
    for document, block in zip(documents, blocks, strict=True):
        title, abstract, *rows = block.split("\n")
        text = title.split("|t|", 1)[1] + "\n" + abstract.split("|a|", 1)[1]
        if characters(text) != characters(document.text):
            yield f"{document.id}: another text"
        found = []
        for _, begin, end, annotated, entity, *_ in (row.split("\t") for row in rows):
            if text[int(begin) : int(end)] != annotated:
                yield f"{document.id}: {annotated!r} is not at {begin}"
            found.append((annotated.split(), entity))
        expected = [(mention.extent.split(), mention.entity) for mention in document.mentions]
        if found != expected:
            yield f"{document.id}: {found}, not {expected}"


def conll(path, documents):
    _, *blocks = path.read_text(encoding="utf-8").split("-DOCSTART- ")
    for document, block in zip(documents, blocks, strict=True):
        found, text = [], ""
        for token, _, _, label in (row.split(" ") for row in block.split("\n")[1:] if row):
            text += token
            if label.startswith("B-"):
                found.append((token, label[2:]))
            elif label != "O":
                begun, entity = found.pop()
                found.append((begun + token, entity))
                if label != f"I-{entity}":
                    yield f"{document.id}: {label} goes on with {entity}"
        # A character that cannot be seen is no token.
        if text != "".join(letter for letter in characters(document.text) if letter.isprintable()):
            yield f"{document.id}: another text"
        expected = [(characters(mention.extent), mention.entity) for mention in longest_first(document.mentions)]
        if found != expected:
            yield f"{document.id}: {found}, not {expected}"


READINGS = [
    ("jsonl", "Python json", json_lines),
    ("txt", "Python open", plain_text),
    ("doccano.jsonl", "Python json", doccano),
    ("csv", "Python csv", table(",")),
    ("tsv", "Python csv", table("\t")),
    ("bioc.xml", "Python xml.etree", bioc_xml),
    ("bioc.json", "Python json", bioc_json),
    ("pubtator", "Python open", pubtator),
    ("pubannotation.json", "Python json", pubannotation),
    ("conll", "Python open", conll),
    ("ann.zip", "Python zipfile", brat),
    ("jsonld", "Python json", web_annotation),
    ("cas.json.zip", "Python json", cas),
    ("label-studio.json", "Python json", label_studio),
    ("spacy.jsonl", "Python json", spacy),
    ("html", "Python html.parser", page),
]

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    names = {f"documents.{extension}" for extension, *_ in READINGS}
    if unknown := sorted(path.name for path in folder.iterdir() if path.name not in names):
        sys.exit(f"nothing here reads {', '.join(unknown)}")
    check(folder, READINGS)
