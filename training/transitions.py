"""Finds the weight of label transitions for `viterbi`, and writes decoding and transitions into a bundle's manifest.
`bundle.py --transitions` uses the fixed weight WEIGHT.

    python transitions.py --bundle DIR --train FILE.jsonl --choose FILE.jsonl [--weights 0,0.2,…] [--glossa PROGRAM]

The log-score of label B after label A is weight * log(P(B after A) / P(B)), from counts in the training records. Weight 0 is
only the constraint that `I-X` follows `B-X` or `I-X`. Each weight is measured with `glossa eval` on the records of `--choose`,
which should not be those to report on. The best exact-span F1 wins; `argmax` is kept if no weight is better. Run it after
`bundle.py`, before measuring.
"""

import argparse
import json
import math
import subprocess
import tempfile
from pathlib import Path

from examples import Vocabulary, encode, read_records

WEIGHT = 0.1


def counts(records, vocabulary, labels):
    """Counts of label pairs, with add-one smoothing. The start of a document counts as `O`."""
    ids = {label: i for i, label in enumerate(labels)}
    found = [[1] * len(labels) for _ in labels]
    for record in records:
        before = ids["O"]
        for _, label, *_ in encode(record, vocabulary, ids):
            found[before][label] += 1
            before = label
    return found


def log_scores(found):
    """Pointwise mutual information of label pairs, in nats."""
    total = sum(map(sum, found))
    anywhere = [sum(column) / total for column in zip(*found)]
    return [[math.log(n / sum(row) / anywhere[to]) for to, n in enumerate(row)] for row in found]


def weighted(scores, weight):
    return [[round(weight * score, 4) for score in row] for row in scores]


def apart(scores, labels, nats):
    """Transition scores, or zeros for `None`, less `nats` where an entity begins right after another one."""
    scores = scores or [[0] * len(labels) for _ in labels]
    begins = [label.startswith("B-") for label in labels]
    return [
        [round(score - nats * (before != "O" and begin), 4) for score, begin in zip(row, begins)] for before, row in zip(labels, scores)
    ]


def written(manifest):
    """The manifest as JSON, with a line per row of transitions."""
    if "transitions" not in manifest:
        return json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"
    text = json.dumps({**manifest, "transitions": "ROWS"}, indent=1, ensure_ascii=False)
    rows = ",\n".join("  " + json.dumps(row) for row in manifest["transitions"])
    return text.replace('"ROWS"', f"[\n{rows}\n ]") + "\n"


def exact_f1(glossa, manifest, bundle, records):
    """Exact-span F1 of the bundle with another manifest, by `glossa eval`."""
    with tempfile.TemporaryDirectory() as folder:
        for entry in manifest["files"]:
            (Path(folder) / entry["path"]).symlink_to((bundle / entry["path"]).resolve())
        (Path(folder) / "manifest.json").write_text(json.dumps(manifest))
        run = subprocess.run([glossa, "eval", "--model", folder, records], check=True, capture_output=True, text=True)
    return json.loads(run.stdout.splitlines()[-1])["exact"]["f1"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, required=True, help="the bundle's folder, whose manifest.json is changed")
    parser.add_argument("--train", type=Path, required=True, help="records to count transitions in")
    parser.add_argument("--choose", type=Path, required=True, help="records to choose the weight by")
    parser.add_argument("--weights", default="0,0.1,0.2,0.3,0.5", help="weights to try")
    parser.add_argument("--glossa", default="glossa", help="the command line to measure with")
    options = parser.parse_args()

    path = options.bundle / "manifest.json"
    manifest = json.loads(path.read_text())
    if manifest["format"] == "glossa-bundle/1":
        manifest["format"] = "glossa-bundle/2"
    for key in ("decoding", "transitions"):
        manifest.pop(key, None)
    found = counts(read_records(options.train), Vocabulary(options.bundle / "vocab.txt"), manifest["labels"])
    scores = log_scores(found)

    best, chosen = exact_f1(options.glossa, manifest, options.bundle, options.choose), manifest
    print(f"argmax      {best:.4f}", flush=True)
    for weight in map(float, options.weights.split(",")):
        tried = {**manifest, "decoding": "viterbi"}
        if weight:
            tried["transitions"] = weighted(scores, weight)
        f1 = exact_f1(options.glossa, tried, options.bundle, options.choose)
        print(f"weight {weight:<4} {f1:.4f}", flush=True)
        if f1 > best:
            best, chosen = f1, tried
    path.write_text(written(chosen))


if __name__ == "__main__":
    main()
