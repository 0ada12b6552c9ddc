"""Reads the files that Glossa writes in PubTator, brat, PubAnnotation and CoNLL-2003 with readers of other projects.

    standoff.py FOLDER

FOLDER has documents.jsonl (Glossa's JSON lines, offsets in UTF-16) and any of documents.pubtator, documents.zip (brat),
documents.pubannotation.json and documents.conll, written from it. Prints each mention that a reader has otherwise, and exits with 1
if there is one.
"""

import contextlib
import io
import json
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
from nltk.corpus.reader import ConllCorpusReader
from seqeval.metrics.sequence_labeling import get_entities


class Mention:
    """A mention of documents.jsonl, in code points."""

    def __init__(self, chunk, text):
        units = text.encode("utf-16-le")
        code_points = lambda unit: len(units[: 2 * unit].decode("utf-16-le"))
        spans = chunk.get("spans") or [chunk]
        self.spans = [(code_points(span["begin"]), code_points(span["end"])) for span in spans]
        self.entity = chunk["entity"]
        self.begin, self.end = self.spans[0][0], self.spans[-1][1]
        self.text = " ".join(text[begin:end] for begin, end in self.spans)
        self.extent = text[self.begin : self.end]


def expected(folder):
    with open(folder / "documents.jsonl", encoding="utf-8") as lines:
        for line in lines.read().split("\n"):
            if line:
                record = json.loads(line)
                yield record["id"], record["text"], [Mention(chunk, record["text"]) for chunk in record["chunks"]]


def words(text):
    return " ".join(text.split())


def characters(text):
    return "".join(text.split())


# Each reader gives documents: id, text or None, and mentions as (spans in code points or None, text, entity).


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
        read = parse_ann_file(annotations.read_bytes().decode(), str(annotations), False, False, False)
        entities = [a for a in read.annotations if type(a).__name__ == "EntityAnnotation"]
        mentions = [([(f.start, f.end) for f in e.fragments], e.content, e.label) for e in entities]
        yield text.stem, text.read_bytes().decode(), mentions


def pubannotation_json(path):
    for document in json.loads(path.read_text(encoding="utf-8")):
        # bconv reads a file a document.
        with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
            json.dump(document, file)
            file.flush()
            read = bconv.load(file.name, fmt="pubanno_json", mode="collection")
        text = document["text"]
        mentions = [
            (e.spans, e.text.replace(" [...] ", " "), e.metadata["type"])  # It marks what is between pieces.
            for document_read in read
            for e in sorted(document_read.iter_entities(split_discontinuous=False), key=lambda entity: entity.id)
        ]
        yield document["sourceid"], text, mentions


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


def longest_first(mentions):
    """The mentions that a format without overlaps holds, in the order of the text."""
    chosen = []
    for mention in sorted(mentions, key=lambda mention: (mention.begin - mention.end, mention.begin)):
        if all(mention.end <= other.begin or other.end <= mention.begin for other in chosen):
            chosen.append(mention)
    return sorted(chosen, key=lambda mention: mention.begin)


READERS = [
    ("documents.pubtator", "bioc", pubtator_bioc),
    ("documents.pubtator", "bconv", pubtator_bconv),
    ("documents.zip", "bioc", brat_bioc),
    ("documents.zip", "bratly", brat_bratly),
    ("documents.pubannotation.json", "bconv", pubannotation_json),
    ("documents.conll", "seqeval", conll_seqeval),
    ("documents.conll", "nltk", conll_nltk),
]


def check(folder, file, reader, read):
    """The differences between a reader and documents.jsonl, in words."""
    documents = list(expected(folder))
    if file == "documents.pubtator" and reader == "bioc":
        documents = [document for document in documents if document[1].strip()]  # It leaves out empty ones.
    if file == "documents.conll":
        documents = [(id, text, longest_first(mentions)) for id, text, mentions in documents]
    if reader == "nltk":
        documents = [("", "", [mention for _, _, mentions in documents for mention in mentions])]
    with contextlib.redirect_stdout(io.StringIO()) as said:
        found = list(read(folder / file))
    if said.getvalue().strip():
        yield f"it says {said.getvalue().strip()[:200]!r}"
    if [document[0] for document in found] != [document[0] for document in documents]:
        yield f"ids {[document[0] for document in found]}, not {[document[0] for document in documents]}"
        return
    for (id, text, mentions), (_, own_text, own) in zip(found, documents):
        is_conll, is_pubtator = file == "documents.conll", file == "documents.pubtator"
        if len(mentions) != len(own):
            yield f"{id}: {len(mentions)} mentions, not {len(own)}"
            continue
        for (spans, said_text, entity), mention in zip(mentions, own):
            whole = mention.extent if is_conll or is_pubtator else mention.text
            same = characters if is_conll else words
            if (same(said_text), entity) != (same(whole), mention.entity):
                yield f"{id}: {said_text!r} ({entity}), not {whole!r} ({mention.entity})"
            if text is not None:
                there = " ".join(text[begin:end] for begin, end in spans)
                if words(there) != words(whole):
                    yield f"{id}: at {spans} is {there!r}, not {whole!r}"
            if spans is not None and not is_pubtator and (spans[0][0], spans[-1][1]) != (mention.begin, mention.end):
                yield f"{id}: {spans}, not {mention.spans}"


def main():
    folder = Path(sys.argv[1])
    differences = checked = 0
    for file, reader, read in READERS:
        if not (folder / file).exists():
            continue
        checked += 1
        for difference in check(folder, file, reader, read):
            differences += 1
            print(f"{file}, read by {reader}: {difference}")
    print(f"{checked} readings, {differences} differences")
    sys.exit(1 if differences or not checked else 0)


if __name__ == "__main__":
    main()
