"""Averages the weights of models trained from the same initial weights: nearly as good as their ensemble, at the cost of
one model.

    python average.py --out DIR MODEL MODEL …

Each MODEL is a folder written by `finetune.py`, with the same initial encoder and labels but another seed. After Wortsman
et al., "Model soups" (ICML 2022).
"""

import argparse
import shutil
from pathlib import Path

from safetensors.torch import load_file, save_file

KEPT = ["config.json", "labels.json", "vocab.txt"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=Path, nargs="+", metavar="MODEL")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()

    first, *others = options.models
    for other in others:
        if (other / "labels.json").read_text() != (first / "labels.json").read_text():
            parser.error(f"{other} has other labels than {first}")
    weights = [load_file(model / "model.safetensors") for model in options.models]
    options.out.mkdir(parents=True, exist_ok=True)
    averaged = {name: sum(w[name] for w in weights) / len(weights) for name in weights[0]}
    save_file(averaged, options.out / "model.safetensors", metadata={"format": "pt"})
    for name in KEPT:
        shutil.copyfile(first / name, options.out / name)


if __name__ == "__main__":
    main()
