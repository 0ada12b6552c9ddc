"""Completes a bundle: `manifest.json` with hashes and the figures that `glossa eval` measures, from `about.json`.

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


if __name__ == "__main__":
    main()
