"""Picks the sentences of a large text that are most like the texts of some records, for `finetune.py --unlabelled`.

    python nearest.py --like RECORDS.jsonl --words N --out FILE.txt TEXT.txt

Sentences stand one a line in TEXT, in their order, and are picked in runs of as many as a training document has. A run is
the nearer the likelier its words are in the records than in the text: Moore and Lewis, "Intelligent selection of language
model training data" (ACL 2010), with single words.
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
    """The logarithm of a word's share, as if every word had been seen once more."""
    total = sum(counts.values()) + len(counts) + 1
    return lambda word: math.log((counts[word] + 1) / total)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text", type=Path, metavar="TEXT")
    parser.add_argument("--like", type=Path, required=True)
    parser.add_argument("--words", type=int, required=True, help="how many words to pick, about")
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
