"""Corpora as flat arrays: what an accelerator trains on, without the texts.

    python flat.py --data DATA --encoder DIR --out STATE/corpora.npz [--records DIR]

Writes, for every corpus, its word pieces, the label of each token at its first piece, token types, and where documents begin.
`accelerated.py` reads the file, and the vocabulary that is put beside it; the layout of DATA is that of README.md. With
`--records`, also writes what is kept apart of the corpora of `biomedical` as records, for `glossa eval --entities`.
"""

import argparse
import json
import random
from pathlib import Path

import numpy as np

from examples import IGNORED, SENTENCES_PER_DOCUMENT, Vocabulary, documents, encode, entity_names, label_names, read_records, read_sentences, tokens
from perturb import perturbed

# Kinds of rewriting that the engine's `normalisation` does not undo.
TRAINED_KINDS = ["capitals", "small", "spaces", "greek", "british"]
# The share of a related corpus that is kept apart to choose by; as much is kept to report on.
KEPT_APART = 0.06
# What each corpus of `biomedical` annotates, by its own names. What a corpus does not annotate is unknown in it, not `O`.
ANNOTATED = {
    "AnatEM": {"Anatomy": "Anatomy"},
    "BC2GM": {"GENE": "Gene"},
    "BC5CDR": {"Chemical": "Chemical", "Disease": "Disease"},
    "CRAFT": {"Taxon": "Species"},
    "NCBI-disease": {"Disease": "Disease"},
    "linnaeus": {"Species": "Species"},
}


def arrays(encoded):
    """`{pieces, labels, cases, starts}` of documents `[(pieces, label, case), …]`. `starts` has the end as its last entry."""
    pieces, labels, cases, starts = [], [], [], [0]
    for document in encoded:
        for ids, label, case in document:
            pieces += ids
            labels += [label] + [IGNORED] * (len(ids) - 1)
            cases += [case] * len(ids)
        starts.append(len(pieces))
    return {
        "pieces": np.array(pieces, np.uint16),
        "labels": np.array(labels, np.int8),
        "cases": np.array(cases, np.uint8),
        "starts": np.array(starts, np.int32),
    }


def key(words):
    return "".join(words).lower()


def split_sentences(records):
    """Sentences of a corpus as `(train, validation, test)`: the last ones in order, so that no document is in two parts but
    one at each border, which is left out."""
    size, gap = round(len(records) * KEPT_APART), 20
    ends = len(records) - 2 * (size + gap), len(records) - size - gap, len(records) - size
    return records[: ends[0]], records[ends[0] + gap : ends[1]], records[ends[2] :]


def as_records(sentences, name):
    """Sentences of a corpus as records, several in one text, each on a line of its own."""
    for start in range(0, len(sentences), SENTENCES_PER_DOCUMENT):
        text, entities = "", []
        for sentence in sentences[start : start + SENTENCES_PER_DOCUMENT]:
            open_entity = False
            for token, label in zip(sentence["tokens"], sentence["labels"]):
                begin, end, entity = len(text), len(text) + len(token), ANNOTATED[name].get(label[2:])
                if entity and label[0] == "I" and open_entity:
                    entities[-1][1] = end
                elif entity:
                    entities.append([begin, end, entity])
                open_entity = bool(entity)
                text += token + " "
            text = text[:-1] + "\n"
        yield {"id": f"{name}-{start}", "text": text, "entities": entities}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--encoder", type=Path, required=True, help="folder with vocab.txt")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--most", type=int, help="at most so many records of a file, for a trial run")
    parser.add_argument("--records", type=Path, metavar="DIR", help="where NAME-validation.jsonl and NAME-test.jsonl are written")
    options = parser.parse_args()
    data, vocabulary, written, names = options.data, Vocabulary(options.encoder / "vocab.txt"), {}, {}

    def add(name, records, labels=None, encoded=None):
        names[name] = labels or label_names(entity_names(records))
        if encoded is None:
            encoded = documents(records, vocabulary, {label: i for i, label in enumerate(names[name])})
        written.update({f"{name}.{part}": values for part, values in arrays(encoded).items()})
        print(name, len(encoded), "documents,", len(written[f"{name}.pieces"]), "pieces", flush=True)

    related = {path.stem: read_records(path)[: options.most] for path in sorted((data / "related").glob("*.jsonl"))}
    related = {name: records for name, records in related.items() if "tokens" in records[0]}
    parts = {name: split_sentences(records) for name, records in related.items()}
    apart = {key(r["tokens"]) for _, *kept in parts.values() for part in kept for r in part if len(r["tokens"]) > 4}

    excluded = set((data / "cellular/TRAIN_IDS_ALSO_IN_TEST.txt").read_text().split())
    train = [r for r in read_records(data / "cellular/train.jsonl") if r["id"] not in excluded][: options.most]
    devel = read_records(data / "cellular/devel.jsonl")[: options.most]
    labels = label_names(entity_names(train))
    add("train", train, labels)
    add("devel", devel, labels)
    chance = random.Random(1)
    add("perturbed", [perturbed(r, chance.choice(TRAINED_KINDS), 1) for r in train], labels)
    for kind in TRAINED_KINDS:
        add(f"devel-{kind}", [perturbed(r, kind, 2) for r in devel], labels)

    for name in ANNOTATED.keys() & parts.keys() if options.records else []:
        options.records.mkdir(parents=True, exist_ok=True)
        for part, sentences in zip(("validation", "test"), parts[name][1:]):
            lines = (json.dumps(record, ensure_ascii=False) + "\n" for record in as_records(sentences, name))
            (options.records / f"{name}-{part}.jsonl").write_text("".join(lines), encoding="utf-8")

    own = "".join(key(tokens(r["text"])) for r in train)
    for name, (rest, validation, test) in parts.items():
        labels = label_names(entity_names(related[name]))
        add(name, [r for r in rest if key(r["tokens"]) not in apart], labels)
        add(f"{name}-validation", validation, labels)
        add(f"{name}-test", test, labels)

    # Every sentence once, without those kept apart; those of the records are marked, for cross-validation.
    seen, fresh = set(apart), []
    for records in related.values():
        run = []
        for r in records:
            same = key(r["tokens"])
            if same not in seen and len(r["tokens"]) > 3:
                run.append({"tokens": r["tokens"], "labels": ["O"] * len(r["tokens"])})
            seen.add(same)
        fresh += run
    inside = np.array([len(key(r["tokens"])) > 40 and key(r["tokens"]) in own for r in fresh])
    add("sentences", [r for r, there in zip(fresh, inside) if not there])
    trials = [{"text": json.loads(line)["text"], "entities": []} for line in open(data / "unlabelled/rct_abstracts.jsonl", encoding="utf-8")]
    trials += [{"text": r["text"], "entities": []} for r in read_records(data / "related/PICO-Corpus.jsonl")]
    add("trials", trials[: options.most])
    add("arguments", read_sentences(data / "unlabelled/abstrct_sentences.txt")[: options.most])

    options.out.parent.mkdir(parents=True, exist_ok=True)
    (options.out.parent / "vocab.txt").write_bytes((options.encoder / "vocab.txt").read_bytes())
    np.savez_compressed(options.out, names=np.array(json.dumps(names)), **written)


if __name__ == "__main__":
    main()
