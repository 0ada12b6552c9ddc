"""Records to training windows: word pieces, the case feature, the positions of tokens' first pieces and their labels."""

import json
import random
from pathlib import Path

from spark_text import casing, split, tokenize, word_pieces, words

PIECES_PER_WINDOW = 126
SENTENCES_PER_DOCUMENT = 8
IGNORED = -100


def read_records(path):
    """One JSON record a line: `{id, text, entities: [[begin, end, entity, …], …]}`, code points, end exclusive; or a
    sentence `{tokens, labels}` with IOB labels."""
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def tokens(text):
    return [text[begin:end] for begin, end in split(text, tokenize(text))]


def read_sentences(path):
    """Sentences `{tokens, labels}` without entities, of a text that has one a line."""
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
    """A document as `[(pieces, label, case)]`, one entry a token that has pieces; the label is its first piece's."""
    encoded = [
        (vocabulary.encode(token), label_ids[label], casing(token)) for token, label in zip(*tokens_and_labels(record))
    ]
    return [entry for entry in encoded if entry[0]]


def documents(records, vocabulary, label_ids):
    """Every record encoded; lone sentences are joined, in their order, to documents that fill windows."""
    encoded = [encode(record, vocabulary, label_ids) for record in records]
    if records and "text" not in records[0]:
        starts = range(0, len(encoded), SENTENCES_PER_DOCUMENT)
        encoded = [sum(encoded[i : i + SENTENCES_PER_DOCUMENT], []) for i in starts]
    return encoded


def windows(document, first, limit=PIECES_PER_WINDOW):
    """Cuts a document on token starts to `(ids, labels, cases)`, an entry a piece each: the first window holds at most
    `first` pieces, the others at most `limit`."""
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
