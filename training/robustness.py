"""Measures what rewriting the texts costs a model: exact-span F1 as given, and after each kind of `perturb.py`.

    python robustness.py --bundle DIR [--glossa PROGRAM] [--write] NAME=RECORDS.jsonl[:ENTITIES]

Prints a row a kind. With `--write`, the table is written into the bundle's model card, in the place of the one before.
"""

import argparse
import json
import re
import tempfile
from pathlib import Path

from bundle import measured, records_of
from examples import read_records
from perturb import KINDS, perturbed

SEED = 1
TITLE = "## Rewritten texts"


def robustness(glossa, bundle, records, only):
    """`{kind: {changed, f1}}` with the share of the texts that the kind changes; the texts as given first."""
    given = read_records(records)
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for kind in [None, *KINDS]:
            rewritten = [perturbed(r, kind, SEED) if kind else r for r in given]
            path = Path(folder) / f"{kind or 'given'}.jsonl"
            lines = [json.dumps({k: r[k] for k in ("id", "text", "entities")}, ensure_ascii=False) for r in rewritten]
            path.write_text("\n".join(lines) + "\n", encoding="utf-8")
            changed = sum(a["text"] != b["text"] for a, b in zip(given, rewritten)) / len(given)
            found[kind or "as given"] = {"changed": changed, "f1": measured(glossa, bundle, path, *only)["exact"]["f1"]}
    return found


def table(name, found):
    """The section of a model card."""
    given = found["as given"]["f1"]
    rows = [f"{TITLE}: {name}", "", "| rewritten | texts changed | exact-span F1 | difference |", "|---|---|---|---|"]
    for kind, row in found.items():
        if kind == "as given":
            rows.append(f"| as given | | {given:.3f} | |")
            continue
        # Plus 0: no minus before a zero.
        difference = round(row["f1"] - given, 3) + 0.0
        rows.append(f"| {KINDS[kind][0].__doc__.rstrip('.')} | {row['changed']:.0%} | {row['f1']:.3f} | {difference:+.3f} |")
    return "\n".join([*rows, "", "The rewriting is `training/perturb.py`'s, with seed 1.", ""])


def written(card, section):
    """The model card with the section in the place of the one before, or before the known errors, or at the end."""
    parts = re.split(r"(?m)^(?=## )", card)
    parts = [p for p in parts if not p.startswith(TITLE)]
    at = next((i for i, p in enumerate(parts) if p.startswith("## Known errors")), len(parts))
    if at == len(parts):
        parts[-1] = parts[-1].rstrip("\n") + "\n\n"
        return "".join([*parts, section])
    return "".join([*parts[:at], section + "\n", *parts[at:]])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("records", metavar="NAME=RECORDS[:ENTITIES]")
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--glossa", default="glossa", help="the command line to measure with")
    parser.add_argument("--write", action="store_true", help="write the table into the bundle's README.md")
    options = parser.parse_args()
    name, records, only = records_of(options.records)
    found = robustness(options.glossa, options.bundle, records, only)
    for kind, row in found.items():
        print(f"{kind:12} {row['changed']:6.1%} of the texts  F1 {row['f1']:.4f}", flush=True)
    if options.write:
        card = options.bundle / "README.md"
        card.write_text(written(card.read_text(encoding="utf-8"), table(name, found)), encoding="utf-8")


if __name__ == "__main__":
    main()
