"""Records to training windows: word pieces, the positions of tokens' first pieces, and their labels."""

import json
import random
from pathlib import Path

from spark_text import split, tokenize, word_pieces, words

PIECES_PER_WINDOW = 126
IGNORED = -100


def read_records(path):
    """One JSON record a line: `{id, text, entities: [[begin, end, entity, …], …]}`, code points, end exclusive."""
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def entity_names(records):
    return sorted({entity[2] for record in records for entity in record["entities"]})


def label_names(entities):
    return ["O"] + [f"{prefix}-{entity}" for entity in entities for prefix in "BI"]


class Vocabulary:
    def __init__(self, path):
        lines = Path(path).read_text(encoding="utf-8").split("\n")
        self.ids = {piece: i for i, piece in enumerate(lines) if piece}
        self.unknown, self.cls, self.sep = (self.ids[p] for p in ("[UNK]", "[CLS]", "[SEP]"))
        self.cache = {}

    def encode(self, token):
        if token not in self.cache:
            pieces = [word_pieces(w, self.ids, self.unknown) for w in words(token, lowercase=True)]
            self.cache[token] = [i for word in pieces for i in word]
        return self.cache[token]


def encode(record, vocabulary, label_ids):
    """A document as `[(pieces, label)]`, one entry a token that has pieces; the label belongs to the first piece."""
    spans = split(record["text"], tokenize(record["text"]))
    labels = ["O"] * len(spans)
    for begin, end, entity, *_ in record["entities"]:
        prefix = "B"
        for i, (b, e) in enumerate(spans):
            if b < end and e > begin:
                labels[i] = f"{prefix}-{entity}"
                prefix = "I"
    encoded = [(vocabulary.encode(record["text"][b:e]), label_ids[label]) for (b, e), label in zip(spans, labels)]
    return [(pieces, label) for pieces, label in encoded if pieces]


def windows(document, first, limit=PIECES_PER_WINDOW):
    """Cuts a document on token starts: the first window holds at most `first` pieces, the others at most `limit`."""
    cut, ids, labels, room = [], [], [], first
    for pieces, label in document:
        pieces = pieces[:limit]
        if len(ids) + len(pieces) > room and ids:
            cut.append((ids, labels))
            ids, labels, room = [], [], limit
        ids = ids + pieces
        labels = labels + [label] + [IGNORED] * (len(pieces) - 1)
    return cut + [(ids, labels)] if ids else cut


def epoch_windows(documents, seed):
    """All documents cut at random places (so that a model sees every context length), shuffled: fixed by `seed`."""
    chance = random.Random(seed)
    cut = [w for d in documents for w in windows(d, chance.randint(24, PIECES_PER_WINDOW))]
    chance.shuffle(cut)
    return cut


def batches(cut, size):
    """Batches of windows of similar length, in random-looking but fixed order."""
    block = size * 16
    grouped = []
    for start in range(0, len(cut), block):
        ordered = sorted(cut[start : start + block], key=lambda w: len(w[0]))
        grouped += [ordered[i : i + size] for i in range(0, len(ordered), size)]
    random.Random(len(cut)).shuffle(grouped)
    return grouped
