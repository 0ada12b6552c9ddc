"""Reads PubTator, brat, PubAnnotation and CoNLL-2003 that Glossa wrote with readers of other projects.

    python standoff.py FOLDER

FOLDER has documents.jsonl, documents.pubtator, documents.ann.zip (brat), documents.pubannotation.json and documents.conll, written
from it. Prints a line for each reader, and what differs; the exit code is 1 if anything does.
"""

import contextlib
import io
import json
import re
import sys
import tempfile
import warnings
import zipfile
from pathlib import Path

warnings.filterwarnings("ignore")

import bconv
import bioc.brat
import bioc.pubtator
import nltk
from bratly.io.file_read_src import parse_ann_file
from kindred.loadFunctions import parsePubAnnotationJSON
from nltk.corpus.reader import ConllCorpusReader
from seqeval.metrics.sequence_labeling import get_entities

from documents import Unread, check, longest_first

# What a reader cannot read, though the file is right. A document that can be read after all fails.
CANNOT_READ = {
    ("pubtator", "bioc"): {"empty": "it leaves out a document without text"},
    ("ann.zip", "bratly"): {
        "marks <&>": "it knows names of entities of letters, digits, '_', '/' and '-' only; brat's own ends at a blank",
    },
    ("pubannotation.json", "bconv"): {
        "full": "it knows attributes of denotations only; PubAnnotation has those of blocks and relations too",
    },
    ("pubannotation.json", "kindred"): {
        "pieces": "it takes one span for a denotation, and no list of them",
        "full": "it refuses attributes, blocks and every other member that it does not know",
    },
}


def words(text):
    return " ".join(text.split())


def characters(text):
    return "".join(text.split())


# Each reader gives documents: id, text or None, and mentions as (spans in code points or None, text, entity).
# One that it cannot read is an `Unread`.


def pubtator_bioc(path):
    with open(path, encoding="utf-8", newline="\n") as file:
        # Its own lines: str.splitlines, at every line end of Unicode.
        for document in bioc.pubtator.load(file):
            text = document.text
            yield document.pmid, text, [([(a.start, a.end)], a.text, a.type) for a in document.annotations]


def pubtator_bconv(path):
    for document in bconv.load(str(path), fmt="pubtator"):
        entities = sorted(document.iter_entities(split_discontinuous=False), key=lambda entity: entity.id)
        yield document.id, None, [(e.spans, e.text, e.metadata["type"]) for e in entities]


def brat_files(path):
    with zipfile.ZipFile(path) as files, tempfile.TemporaryDirectory() as folder:
        files.extractall(folder)
        for name in files.namelist():
            if name.endswith(".txt"):
                yield Path(folder) / name, (Path(folder) / name).with_suffix(".ann")


def brat_bioc(path):
    for text, annotations in brat_files(path):
        # As its own scandir opens files: \r\n and \r are read as \n.
        with open(text, encoding="utf-8") as text_file, open(annotations, encoding="utf-8") as annotation_file:
            document = bioc.brat.load(text_file, annotation_file, text.stem)
        # It keeps the pieces of a mention without their order.
        mentions = [(sorted((span.begin, span.end) for span in e.locations), e.text, e.type) for e in document.entities]
        yield document.id, document.text, mentions


def brat_bratly(path):
    for text, annotations in brat_files(path):
        # What it cannot read it says on its standard output, and leaves out.
        with contextlib.redirect_stdout(io.StringIO()) as said:
            read = parse_ann_file(annotations.read_bytes().decode(), str(annotations), False, False, False)
        if said.getvalue().strip():
            yield Unread(text.stem, said.getvalue())
            continue
        entities = [a for a in read.annotations if type(a).__name__ == "EntityAnnotation"]
        mentions = [([(f.start, f.end) for f in e.fragments], e.content, e.label) for e in entities]
        yield text.stem, text.read_bytes().decode(), mentions


def pubannotation_bconv(path):
    for document in json.loads(path.read_text(encoding="utf-8")):
        # bconv reads a file a document.
        with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
            json.dump(document, file)
            file.flush()
            try:
                read = bconv.load(file.name, fmt="pubanno_json", mode="collection")
            except KeyError as error:  # The number that it has given to something that it does not know.
                yield Unread(document["sourceid"], f"KeyError: {error}")
                continue
        text = document["text"]
        mentions = [
            (e.spans, e.text.replace(" [...] ", " "), e.metadata["type"])  # It marks what is between pieces.
            for document_read in read
            for e in sorted(document_read.iter_entities(split_discontinuous=False), key=lambda entity: entity.id)
        ]
        yield document["sourceid"], text, mentions


def pubannotation_kindred(path):
    for document in json.loads(path.read_text(encoding="utf-8")):
        try:
            read = parsePubAnnotationJSON(document)
        except (AssertionError, TypeError) as error:
            yield Unread(document["sourceid"], repr(error))
            continue
        yield document["sourceid"], read.text, [(e.position, e.text, e.entityType) for e in read.entities]


def conll_mentions(sentences):
    """Mentions of sentences of (token, label)."""
    mentions = []
    for sentence in sentences:
        for entity, first, last in get_entities([label for _, label in sentence]):
            mentions.append((None, " ".join(token for token, _ in sentence[first : last + 1]), entity))
    return mentions


def conll_seqeval(path):
    # The ids stand in the second column of -DOCSTART-.
    _, *documents = path.read_text(encoding="utf-8").split("-DOCSTART- ")
    for document in documents:
        start, *blocks = document.split("\n\n")
        rows = [[line.split(" ") for line in block.split("\n") if line] for block in blocks]
        yield start.split(" ")[0], None, conll_mentions([[(row[0], row[-1]) for row in block] for block in rows])


def conll_nltk(path):
    columns = (ConllCorpusReader.WORDS, ConllCorpusReader.POS, ConllCorpusReader.IGNORE, ConllCorpusReader.CHUNK)
    nltk.data.path.append(str(path.parent))  # It reads no folder that it is not told of.
    reader = ConllCorpusReader(str(path.parent), [path.name], columns, encoding="utf-8")
    # It passes over -DOCSTART-, so that all documents are one.
    sentences = [[(word, label) for word, _, label in sentence] for sentence in reader.iob_sents()]
    yield "", None, conll_mentions(sentences)


# How each file writes an id.
IDS = {
    "pubtator": lambda id: re.sub(r"[\s|]", "_", id),
    "ann.zip": lambda id: re.sub(r"[^\w.-]", "_", id),
    "conll": lambda id: re.sub(r"\s", "_", id),
}


def reading(extension, reader, read):
    """A reading that compares what a reader gives with the documents."""

    def differences(path, documents):
        written = IDS.get(extension, lambda id: id)
        own = [(document.id, written(document.id), document.mentions) for document in documents]
        if extension == "conll":
            own = [(id, name, longest_first(mentions)) for id, name, mentions in own]
        if reader == "nltk":
            own = [("", "", [mention for _, _, mentions in own for mention in mentions])]
        found = list(read(path))
        names = [one.id if isinstance(one, Unread) else one[0] for one in found]
        for id in [id for id, name, _ in own if name not in names]:
            yield Unread(id, "it is left out")
        own = [one for one in own if one[1] in names]
        if names != [name for _, name, _ in own]:
            yield f"ids {names}, not {[name for _, name, _ in own]}"
            return
        for one, (id, _, mentions) in zip(found, own):
            if isinstance(one, Unread):
                yield Unread(id, one.said)
            else:
                yield from document_differences(extension, id, *one[1:], mentions)

    return extension, reader, differences


def document_differences(extension, id, text, found, mentions):
    is_conll, is_pubtator = extension == "conll", extension == "pubtator"
    same = characters if is_conll else words
    if len(found) != len(mentions):
        yield f"{id}: {len(found)} mentions, not {len(mentions)}"
        return
    for (spans, said_text, entity), mention in zip(found, mentions):
        # Neither has pieces.
        whole = mention.extent if is_conll or is_pubtator else mention.text
        if (same(said_text), entity) != (same(whole), mention.entity):
            yield f"{id}: {said_text!r} ({entity}), not {whole!r} ({mention.entity})"
        if text is not None:
            there = " ".join(text[begin:end] for begin, end in spans)
            if words(there) != words(whole):
                yield f"{id}: at {spans} is {there!r}, not {whole!r}"
        # PubTator's title and abstract have lost the blanks around them.
        if spans is not None and not is_pubtator and (spans[0][0], spans[-1][1]) != (mention.begin, mention.end):
            yield f"{id}: {spans}, not {mention.spans}"


READINGS = [
    reading("pubtator", "bioc", pubtator_bioc),
    reading("pubtator", "bconv", pubtator_bconv),
    reading("ann.zip", "bioc", brat_bioc),
    reading("ann.zip", "bratly", brat_bratly),
    reading("pubannotation.json", "bconv", pubannotation_bconv),
    reading("pubannotation.json", "kindred", pubannotation_kindred),
    reading("conll", "seqeval", conll_seqeval),
    reading("conll", "nltk", conll_nltk),
]

if __name__ == "__main__":
    check(Path(sys.argv[1]), READINGS, CANNOT_READ)
