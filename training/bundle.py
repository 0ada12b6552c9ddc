"""Writes a bundle's `manifest.json`, with hashes and the scores measured by `glossa eval`, and its model card.

    python bundle.py --model DIR --out DIR --about FILE [--measure NAME=FILE.jsonl …] [--calibrate NAME=FILE.jsonl]
                     [--decoding argmax|viterbi] [--transitions TRAIN.jsonl] [--glossa PROGRAM]
"""

import argparse
import hashlib
import json
import subprocess
from pathlib import Path

from examples import Vocabulary, read_records
from spark_text import CASES, SPLIT_PATTERN
from transitions import WEIGHT, counts, log_scores, weighted, written


def measured(glossa, bundle, records, *flags):
    """The report that `glossa eval` prints as its last line."""
    command = [glossa, "eval", "--model", bundle, *flags, records]
    run = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(run.stdout.splitlines()[-1])


def rounded(value):
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in value.items()}
    return round(value, 4) if isinstance(value, float) else value


def score_table(name, scores, others=None):
    """A row per entity or label. `others` has the F1 of another model for an extra column."""
    titles = [name, "precision", "recall", "F1", *([others["title"]] if others else []), "support"]
    rows = [f"| {' | '.join(titles)} |", f"|{'---|' * len(titles)}"]
    for entity, score in scores.items():
        cells = [f"{score[figure]:.3f}" for figure in ("precision", "recall", "f1")]
        cells += [str(others["f1"].get(entity, "–"))] if others else []
        rows.append(f"| {entity} | {' | '.join(cells)} | {score['support']} |")
    return rows


def cost(config):
    """Multiplications of linear layers and attention for one window of 128 pieces, in billions (1e9)."""
    hidden, layers = config["hidden_size"], config["num_hidden_layers"]
    linear = 128 * (4 * hidden * hidden + 2 * hidden * config["intermediate_size"])
    return layers * (linear + 2 * 128 * 128 * hidden) / 1e9


def section(title, lines):
    return ["", f"## {title}", "", *lines]


def model_card(manifest, card, config):
    """The bundle's README.md."""
    size = sum(entry["bytes"] for entry in manifest["files"]) / 1e6
    shape = f"{config['num_hidden_layers']} layers x {config['hidden_size']}"
    lines = [
        f"# {manifest['name']}",
        "",
        f"{manifest['title']}.",
        "",
        f"A BERT token classifier of {shape} with int8 weights, {size:.1f} MB; a window of 128 word pieces takes",
        f"{cost(config):.2g} billion multiplications. Licence: {manifest['licence']}.",
        "",
        *(f"- {line}" for line in manifest["attribution"]),
    ]
    for title in ("Data", "Use and limits"):
        if title in card:
            lines += section(title, card[title])
    for name, report in manifest["measured"].items():
        exact, token = report["exact"], report["token"]
        others = card.get("Token labels of the licensed model")
        lines += section(
            f"Measured: {name}",
            [
                "With `glossa eval`, default options.",
                "",
                f"Exact spans: precision {exact['precision']:.3f}, recall {exact['recall']:.3f}, **F1 {exact['f1']:.3f}**.",
                "",
                *score_table("exact span", exact["entities"]),
                "",
                f"Token labels: macro F1 {token['macro_f1']:.3f}, without `O`.",
                *([others["note"]] if others else []),
                "",
                *score_table("token label", token["labels"], others),
            ],
        )
    if "calibration" in manifest:
        fitted = manifest["calibration"]
        before, after = (fitted[when]["calibration"] for when in ("before", "after"))
        lines += section(
            "Calibration",
            [
                f"The softmax temperature is {manifest['temperature']}, fitted on {fitted['on']}. There, the expected calibration error",
                f"fell from {before['token']['ece']:.3f} to {after['token']['ece']:.3f} for token scores and",
                f"from {before['chunk']['ece']:.3f} to {after['chunk']['ece']:.3f} for chunk confidences.",
            ],
        )
    if "Known errors" in card:
        lines += section("Known errors", [f"- {line}" for line in card["Known errors"]])
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="folder written by finetune.py: config.json, labels.json")
    parser.add_argument("--out", type=Path, required=True, help="the bundle's folder, as written by export.py")
    parser.add_argument("--about", type=Path, required=True, help="JSON with name, title, licence, attribution and the text of the card")
    parser.add_argument("--measure", action="append", default=[], metavar="NAME=FILE", help="records to measure on")
    parser.add_argument("--decoding", default="argmax", help="the bundle's decoding: argmax or viterbi")
    parser.add_argument("--transitions", type=Path, metavar="FILE", help="records to count label transitions in")
    parser.add_argument("--calibrate", metavar="NAME=FILE", help="records to fit the temperature on")
    parser.add_argument("--glossa", default="glossa", help="the command line to measure with")
    options = parser.parse_args()

    files = []
    for name in ["model.onnx", "vocab.txt"]:
        content = (options.out / name).read_bytes()
        files.append({"path": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()})
    about = json.loads(options.about.read_text())
    card = about.pop("card", {})
    config = json.loads((options.model / "config.json").read_text())
    manifest = {
        "format": "glossa-bundle/3",
        **about,
        "labels": json.loads((options.model / "labels.json").read_text()),
        "caseSensitive": False,
        "maxSentenceLength": 128,
        "tokenTypes": "casing" if config["type_vocab_size"] == CASES else "zeros",
        "decoding": options.decoding,
        "documentStructure": True,
        "normalisation": True,
        "tokenizer": {"splitPattern": SPLIT_PATTERN},
        "files": files,
        "measured": {},
    }
    if options.transitions:
        vocabulary = Vocabulary(options.out / "vocab.txt")
        scores = log_scores(counts(read_records(options.transitions), vocabulary, manifest["labels"]))
        manifest["transitions"] = weighted(scores, WEIGHT)
    path = options.out / "manifest.json"

    def write():
        path.write_text(written(manifest))

    write()
    if options.calibrate:
        name, _, records = options.calibrate.partition("=")
        fitted = rounded(measured(options.glossa, options.out, records, "--fit-temperature")["fitted"])
        manifest["temperature"] = fitted.pop("temperature")
        manifest["calibration"] = {"on": name, **fitted}
        write()
    for item in options.measure:
        name, _, records = item.partition("=")
        manifest["measured"][name] = rounded(measured(options.glossa, options.out, records))
    write()
    (options.out / "README.md").write_text(model_card(manifest, card, config))


if __name__ == "__main__":
    main()
