"""Completes a bundle: `manifest.json` with hashes and the figures that `glossa eval` measures, and its model card.

    python bundle.py --model DIR --out DIR --about FILE [--measure NAME=FILE.jsonl …] [--glossa PROGRAM]
"""

import argparse
import hashlib
import json
import subprocess
from pathlib import Path

from spark_text import SPLIT_PATTERN


def measured(glossa, bundle, records):
    """The last line of `glossa eval`."""
    run = subprocess.run([glossa, "eval", "--model", bundle, records], check=True, capture_output=True, text=True)
    return json.loads(run.stdout.splitlines()[-1])


def rounded(value):
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in value.items()}
    return round(value, 4) if isinstance(value, float) else value


def table(name, scores):
    rows = [f"| {name} | precision | recall | F1 | support |", "|---|---|---|---|---|"]
    for entity, score in scores.items():
        figures = " | ".join(f"{score[figure]:.3f}" for figure in ("precision", "recall", "f1"))
        rows.append(f"| {entity} | {figures} | {score['support']} |")
    return rows


def model_card(manifest):
    """The bundle's README.md."""
    size = sum(entry["bytes"] for entry in manifest["files"]) / 1e6
    lines = [
        f"# {manifest['name']}",
        "",
        f"{manifest['title']}.",
        "",
        f"A BERT token classifier of 6 layers x 384 with int8 weights, {size:.1f} MB. Licence: {manifest['licence']}.",
        "",
        *(f"- {line}" for line in manifest["attribution"]),
        "",
        "For research: reading, searching and counting in English abstracts. Not for decisions about patients. It was",
        "trained on abstracts alone, and other kinds of text were not measured.",
    ]
    for name, report in manifest["measured"].items():
        exact, token = report["exact"], report["token"]
        lines += [
            "",
            f"## {name}",
            "",
            "Measured with `glossa eval` on these files, default options.",
            "",
            f"Exact spans: precision {exact['precision']:.3f}, recall {exact['recall']:.3f}, **F1 {exact['f1']:.3f}**.",
            "",
            *table("exact span", exact["entities"]),
            "",
            f"Token labels: macro F1 {token['macro_f1']:.3f}, without `O`.",
            "",
            *table("token label", token["labels"]),
        ]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="folder that finetune.py wrote: for labels.json")
    parser.add_argument("--out", type=Path, required=True, help="the bundle's folder, with what export.py wrote")
    parser.add_argument("--about", type=Path, required=True, help="name, title, licence and attribution")
    parser.add_argument("--measure", action="append", default=[], metavar="NAME=FILE", help="records to measure on")
    parser.add_argument("--glossa", default="glossa", help="the command line to measure with")
    options = parser.parse_args()

    files = []
    for name in ["model.onnx", "vocab.txt"]:
        content = (options.out / name).read_bytes()
        files.append({"path": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()})
    manifest = {
        "format": "glossa-bundle/1",
        **json.loads(options.about.read_text()),
        "labels": json.loads((options.model / "labels.json").read_text()),
        "caseSensitive": False,
        "maxSentenceLength": 128,
        "tokenizer": {"splitPattern": SPLIT_PATTERN},
        "files": files,
        "measured": {},
    }
    path = options.out / "manifest.json"

    def write():
        path.write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")

    write()
    for item in options.measure:
        name, _, records = item.partition("=")
        manifest["measured"][name] = rounded(measured(options.glossa, options.out, records))
    write()
    (options.out / "README.md").write_text(model_card(manifest))


if __name__ == "__main__":
    main()
