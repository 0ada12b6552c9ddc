"""Picks the sentences of a large text that are most similar to given records, for `finetune.py --unlabelled`.

    python nearest.py --like RECORDS.jsonl --words N --out FILE.txt TEXT.txt

TEXT has one sentence per line, in order. Sentences are picked in runs of the length of a training document, ranked by the
difference of cross-entropy between records and text, with unigrams: Moore and Lewis, "Intelligent selection of language model
training data" (ACL 2010).
"""

import argparse
import math
from collections import Counter
from pathlib import Path

from examples import SENTENCES_PER_DOCUMENT, read_records, tokens

FEWEST_WORDS = 6


def words_of(text):
    return [token.lower() for token in tokens(text)]


def log_shares(counts):
    """A function from words to log-probabilities, with add-one smoothing."""
    total = sum(counts.values()) + len(counts) + 1
    return lambda word: math.log((counts[word] + 1) / total)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text", type=Path, metavar="TEXT")
    parser.add_argument("--like", type=Path, required=True)
    parser.add_argument("--words", type=int, required=True, help="approximate number of words to pick")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()

    sentences = [(line, words_of(line)) for line in options.text.read_text(encoding="utf-8").splitlines()]
    sentences = [(line, words) for line, words in sentences if len(words) >= FEWEST_WORDS]
    starts = range(0, len(sentences), SENTENCES_PER_DOCUMENT)
    runs = [sentences[i : i + SENTENCES_PER_DOCUMENT] for i in starts]
    wanted = log_shares(Counter(word for record in read_records(options.like) for word in words_of(record["text"])))
    usual = log_shares(Counter(word for _, words in sentences for word in words))

    def nearness(run):
        words = [word for _, words in run for word in words]
        return sum(wanted(word) - usual(word) for word in words) / len(words)

    picked, size = set(), 0
    for index in sorted(range(len(runs)), key=lambda i: nearness(runs[i]), reverse=True):
        if size >= options.words:
            break
        picked.add(index)
        size += sum(len(words) for _, words in runs[index])
    lines = [line for index in sorted(picked) for line, _ in runs[index]]
    options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(lines)} sentences of {size} words picked of {len(sentences)}")


if __name__ == "__main__":
    main()
