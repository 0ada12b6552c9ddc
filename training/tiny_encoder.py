"""Writes a tiny BERT encoder for the worked example: `python tiny_encoder.py --train FILE --out DIR`.

It has random weights and a vocabulary of single characters and the words of FILE, needs no download and learns little.
"""

import argparse
from collections import Counter
from pathlib import Path

import torch
from transformers import BertConfig, BertModel

from examples import read_records, tokens_and_labels
from spark_text import words


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", type=Path, required=True, help="records whose words are added to the vocabulary")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()

    tokens = [token for record in read_records(options.train) for token in tokens_and_labels(record)[0]]
    counts = Counter(word for token in tokens for word in words(token, lowercase=True))
    characters = [chr(code) for code in range(33, 127)]
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *characters, *(f"##{c}" for c in characters)]
    pieces += [word for word, _ in counts.most_common() if len(word) > 1]
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "vocab.txt").write_text("\n".join(pieces) + "\n", encoding="utf-8")

    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=len(pieces),
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=128,
        max_position_embeddings=128,
    )
    BertModel(config).save_pretrained(options.out)


if __name__ == "__main__":
    main()
