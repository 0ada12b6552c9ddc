"""Cuts records into training windows: word pieces, token types, and labels on the first piece of each token."""

import json
import random
from pathlib import Path

from spark_text import casing, split, tokenize, word_pieces, words

PIECES_PER_WINDOW = 126
SENTENCES_PER_DOCUMENT = 8
IGNORED = -100


def read_records(path):
    """Reads JSON lines: `{id, text, entities: [[begin, end, entity, …], …]}` with offsets in code points, end exclusive, or
    sentences `{tokens, labels}` with IOB labels."""
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def tokens(text):
    return [text[begin:end] for begin, end in split(text, tokenize(text))]


def read_sentences(path):
    """Reads a text with one sentence per line, as `{tokens, labels}` with all labels `O`."""
    with open(path, encoding="utf-8") as lines:
        sentences = [tokens(line) for line in lines]
    return [{"tokens": sentence, "labels": ["O"] * len(sentence)} for sentence in sentences if sentence]


def entity_names(records):
    spans = {entity[2] for record in records for entity in record.get("entities", [])}
    return sorted(spans | {label[2:] for record in records for label in record.get("labels", []) if label != "O"})


def label_names(entities):
    return ["O"] + [f"{prefix}-{entity}" for entity in entities for prefix in "BI"]


class Vocabulary:
    def __init__(self, path):
        lines = Path(path).read_text(encoding="utf-8").split("\n")
        self.ids = {piece: i for i, piece in enumerate(lines) if piece}
        self.unknown, self.cls, self.sep, self.mask = (self.ids[p] for p in ("[UNK]", "[CLS]", "[SEP]", "[MASK]"))
        self.cache = {}

    def encode(self, token):
        if token not in self.cache:
            pieces = [word_pieces(w, self.ids, self.unknown) for w in words(token, lowercase=True)]
            self.cache[token] = [i for word in pieces for i in word]
        return self.cache[token]


def tokens_and_labels(record):
    if "tokens" in record and "labels" in record:
        return record["tokens"], record["labels"]
    text = record["text"]
    spans = split(text, tokenize(text))
    labels = ["O"] * len(spans)
    for begin, end, entity, *_ in record["entities"]:
        prefix = "B"
        for i, (b, e) in enumerate(spans):
            if b < end and e > begin:
                labels[i] = f"{prefix}-{entity}"
                prefix = "I"
    return [text[b:e] for b, e in spans], labels


def encode(record, vocabulary, label_ids):
    """A document as `[(pieces, label, case)]`, one entry per token that has pieces."""
    encoded = [
        (vocabulary.encode(token), label_ids[label], casing(token)) for token, label in zip(*tokens_and_labels(record))
    ]
    return [entry for entry in encoded if entry[0]]


def documents(records, vocabulary, label_ids):
    """Encodes all records. Single sentences are joined, in order, into documents that fill windows."""
    encoded = [encode(record, vocabulary, label_ids) for record in records]
    if records and "text" not in records[0]:
        starts = range(0, len(encoded), SENTENCES_PER_DOCUMENT)
        encoded = [sum(encoded[i : i + SENTENCES_PER_DOCUMENT], []) for i in starts]
    return encoded


def windows(document, first, limit=PIECES_PER_WINDOW):
    """Cuts a document at token starts into windows `(ids, labels, cases)`, with an entry per piece. The first window has at
    most `first` pieces, the others at most `limit`."""
    cut, ids, labels, cases, room = [], [], [], [], first
    for pieces, label, case in document:
        pieces = pieces[:limit]
        if len(ids) + len(pieces) > room and ids:
            cut.append((ids, labels, cases))
            ids, labels, cases, room = [], [], [], limit
        ids = ids + pieces
        labels = labels + [label] + [IGNORED] * (len(pieces) - 1)
        cases = cases + [case] * len(pieces)
    return cut + [(ids, labels, cases)] if ids else cut


def epoch_windows(documents, seed):
    """Cuts all documents at random places, so that the model sees all lengths of context, and shuffles the windows.
    Reproducible by `seed`."""
    chance = random.Random(seed)
    cut = [w for d in documents for w in windows(d, chance.randint(24, PIECES_PER_WINDOW))]
    chance.shuffle(cut)
    return cut


def batches(cut, size):
    """Batches of windows of similar length, which need little padding, in a fixed pseudo-random order."""
    block = size * 16
    grouped = []
    for start in range(0, len(cut), block):
        ordered = sorted(cut[start : start + block], key=lambda w: len(w[0]))
        grouped += [ordered[i : i + size] for i in range(0, len(ordered), size)]
    random.Random(len(cut)).shuffle(grouped)
    return grouped
