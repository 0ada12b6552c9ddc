"""Reads spaCy's JSON, UIMA CAS JSON and tasks of Label Studio that Glossa wrote with the tools that they are for.

    python tools.py FOLDER

FOLDER has documents.jsonl, documents.spacy.jsonl, documents.cas.json.zip and documents.label-studio.json, written from it. Prints a
line for each reader, and what differs; the exit code is 1 if anything does.
"""

import json
import sys
import zipfile
from pathlib import Path
from xml.sax.saxutils import quoteattr

import cassis
import spacy
from label_studio_sdk.label_interface import LabelInterface
from spacy import displacy
from spacy.tokens import Doc

from documents import check, lines, places

NAMED_ENTITY = "de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity"
# displaCy draws a text as a whole: a long one takes seconds.
LONGEST_DRAWN = 1000


def doc_from_json(path, documents):
    vocab = spacy.blank("en").vocab
    of = lambda spans: [(span.start_char, span.end_char, span.label_) for span in spans]
    for document, read in zip(documents, lines(path), strict=True):
        doc = Doc(vocab).from_json(read, validate=True)
        spans = of(doc.spans["sc"] if "sc" in doc.spans else doc.ents)
        if not set(of(doc.ents)) <= set(spans):
            yield f"{document.id}: ents that are not among the spans"
        yield from places(document, doc.text, spans)


def drawn(path, documents):
    for document, read in zip(documents, lines(path), strict=True):
        if len(read["text"]) > LONGEST_DRAWN:
            continue
        page = displacy.render(read, style="ent", manual=True)
        if read["title"] not in page:
            yield f"{document.id}: its title is not shown"
        if page.count("<mark") != len(read["ents"]):
            yield f"{document.id}: {page.count('<mark')} entities are shown, not {len(read['ents'])}"


def cas(path, documents):
    with zipfile.ZipFile(path) as archive:
        for document, name in zip(documents, archive.namelist(), strict=True):
            read = cassis.load_cas_from_json(archive.read(name).decode("utf-8"))
            # It counts code points, to which it has converted.
            found = [(entity.begin, entity.end, entity.value) for entity in read.select(NAMED_ENTITY)]
            yield from places(document, read.sofa_string, found)


def label_studio(path, documents):
    """Whether each prediction and annotation fits the labelling configuration of docs/formats.md. It does not look at offsets."""
    labels = sorted({mention.entity for document in documents for mention in document.mentions})
    buttons = "".join(f"<Label value={quoteattr(label)}/>" for label in labels)
    interface = LabelInterface(
        f'<View><Labels name="label" toName="text">{buttons}</Labels><Text name="text" value="$text"/></View>'
    )
    for document, task in zip(documents, json.loads(path.read_text(encoding="utf-8")), strict=True):
        for layer in task["predictions"] + task["annotations"]:
            yield from (f"{document.id}: {error}" for error in interface.validate_prediction(layer, return_errors=True))


READINGS = [
    ("spacy.jsonl", "spacy", doc_from_json),
    ("spacy.jsonl", "displaCy", drawn),
    ("cas.json.zip", "dkpro-cassis", cas),
    ("label-studio.json", "label-studio-sdk", label_studio),
]

if __name__ == "__main__":
    check(Path(sys.argv[1]), READINGS)
