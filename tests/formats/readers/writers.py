"""Reads files that Glossa wrote with readers of other projects, and compares places and entities with Glossa's JSON lines.

    python writers.py FOLDER

FOLDER has documents.jsonl, and what there is of documents.doccano.jsonl, .csv, .tsv, .spacy.jsonl, .label-studio.json,
.jsonld, .cas.json or .cas.json.zip, .html. Prints what differs; the exit code is 1 if anything does.
"""

import csv
import html.parser
import io
import json
import sys
import zipfile
from collections import Counter
from pathlib import Path

import cassis
import spacy
from spacy import displacy
from spacy.tokens import Doc

NAMED_ENTITY = "de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity"


def utf16(text, begin, end):
    return text.encode("utf-16-le", "surrogatepass")[2 * begin : 2 * end].decode("utf-16-le")


def code_point(text, offset):
    return len(text.encode("utf-16-le")[: 2 * offset].decode("utf-16-le"))


def pieces(document):
    """(begin, end, entity) of all pieces of a document, in code points."""
    text = document["text"]
    found = []
    for chunk in document["chunks"]:
        for span in chunk.get("spans", [chunk]):
            found.append((code_point(text, span["begin"]), code_point(text, span["end"]), chunk["entity"]))
    return sorted(found)


def lines(path):
    with path.open(encoding="utf-8", newline="\n") as file:
        return [json.loads(line) for line in file]


def doccano(path, documents):
    for document, read in zip(documents, lines(path), strict=True):
        yield document, read["text"], sorted(tuple(label) for label in read["label"])


def spacy_json(path, documents):
    vocab = spacy.blank("en").vocab
    for document, read in zip(documents, lines(path), strict=True):
        doc = Doc(vocab).from_json(read, validate=True)
        if len(read["text"]) < 1000 and read["title"] not in displacy.render(read, style="ent", manual=True):
            print(f"{path.name}: {document['id']}: displaCy does not show its title")
        spans = doc.spans["sc"] if "sc" in doc.spans else doc.ents
        if not {(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents} <= {(s.start_char, s.end_char, s.label_) for s in spans}:
            print(f"{path.name}: {document['id']}: ents that are not among the spans")
        yield document, doc.text, sorted((span.start_char, span.end_char, span.label_) for span in spans)


def label_studio(path, documents):
    for document, task in zip(documents, json.loads(path.read_text(encoding="utf-8")), strict=True):
        text = task["data"]["text"]
        found = []
        for layer in task["predictions"] + task["annotations"]:
            for region in layer["result"]:
                value = region["value"]
                if utf16(text, value["start"], value["end"]) != value["text"]:
                    print(f"{path.name}: {document['id']}: another text at {value}")
                found.append((code_point(text, value["start"]), code_point(text, value["end"]), *value["labels"]))
        yield document, text, sorted(found)


def web_annotation(path, documents):
    page = json.loads(path.read_text(encoding="utf-8"))["first"]["items"]
    items = iter(page)
    for document in documents:
        found = []
        for _ in document["chunks"]:
            item = next(items)
            for target in item["target"] if isinstance(item["target"], list) else [item["target"]]:
                position, quote = target["selector"]
                begin, end = position["start"], position["end"]
                text = document["text"]
                around = text[max(0, begin - 32) : begin], text[begin:end], text[end : end + 32]
                if around != (quote["prefix"], quote["exact"], quote["suffix"]):
                    print(f"{path.name}: {document['id']}: {quote} does not stand at {begin}")
                found.append((begin, end, item["body"][0]["value"]))
        yield document, document["text"], sorted(found)
    if next(items, None) is not None:
        print(f"{path.name}: it has more annotations than there are mentions")


def cas(files, documents):
    for document, file in zip(documents, files, strict=True):
        read = cassis.load_cas_from_json(file)
        found = [(entity.begin, entity.end, entity.value) for entity in read.select(NAMED_ENTITY)]
        yield document, read.sofa_string, sorted(found)


def cas_zip(path, documents):
    with zipfile.ZipFile(path) as archive:
        yield from cas([archive.read(name).decode("utf-8") for name in archive.namelist()], documents)


def cas_file(path, documents):
    yield from cas([path.read_text(encoding="utf-8")], documents)


def table(path, documents, delimiter):
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(io.StringIO(file.read(), newline=""), delimiter=delimiter))
    for document in documents:
        expected = Counter()
        for chunk in document["chunks"]:
            expected[(str(chunk["begin"]), str(chunk["end"]), chunk["entity"], chunk["text"])] += 1
        name = {document["id"], "'" + document["id"]}
        found = Counter((row["begin"], row["end"], row["entity"], row["text"].removeprefix("'") if delimiter == "," else row["text"]) for row in rows if row["id"] in name)
        if found != expected:
            print(f"{path.name}: {document['id']}: {found - expected} and not {expected - found}")
        yield document, document["text"], pieces(document)


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
        expected = document["text"].replace("\0", "\ufffd")
        if "passages" in document:
            text, expected = "".join(text.split()), "".join(expected.split())
        if text != expected:
            print(f"{path.name}: {document['id']}: another text")
        if Counter(labels) != Counter(entity.split(" ")[0] for *_, entity in pieces(document)):
            print(f"{path.name}: {document['id']}: other entities")
        yield document, document["text"], pieces(document)


READERS = {
    "doccano.jsonl": doccano,
    "csv": lambda path, documents: table(path, documents, ","),
    "tsv": lambda path, documents: table(path, documents, "\t"),
    "spacy.jsonl": spacy_json,
    "label-studio.json": label_studio,
    "jsonld": web_annotation,
    "cas.json": cas_file,
    "cas.json.zip": cas_zip,
    "html": page,
}


def main(folder):
    documents = lines(folder / "documents.jsonl")
    read, out = 0, io.StringIO()
    stdout, sys.stdout = sys.stdout, out
    try:
        for extension, reader in READERS.items():
            path = folder / f"documents.{extension}"
            if not path.exists():
                continue
            read += 1
            for document, text, found in reader(path, documents):
                expected = pieces(document)
                if text != document["text"]:
                    print(f"{path.name}: {document['id']}: another text")
                if found != expected:
                    print(f"{path.name}: {document['id']}: read {found[:5]}, expected {expected[:5]}")
    finally:
        sys.stdout = stdout
    if read == 0:
        sys.exit(f"{folder}: no file that is known")
    print(out.getvalue(), end="")
    print(f"{read} files of {len(documents)} documents read")
    sys.exit(1 if out.getvalue() else 0)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
