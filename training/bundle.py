"""Writes a bundle's `manifest.json`, with hashes and the scores measured by `glossa eval`, and its model card.

    python bundle.py --model DIR --out DIR --about FILE [--measure NAME=FILE.jsonl …] [--calibrate NAME=FILE.jsonl …]
                     [--decoding argmax|viterbi] [--transitions TRAIN.jsonl] [--apart NATS] [--constraint NAME …] [--glossa PROGRAM]
"""

import argparse
import hashlib
import json
import subprocess
from pathlib import Path

from examples import Vocabulary, read_records
from spark_text import CASES, SPLIT_PATTERN
from transitions import WEIGHT, apart, counts, log_scores, weighted, written


def measured(glossa, bundle, records, *flags):
    """The report that `glossa eval` prints as its last line."""
    command = [glossa, "eval", "--model", bundle, *flags, records]
    run = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(run.stdout.splitlines()[-1])


def records_of(item):
    """Name, file and flags of `NAME=FILE` or, for records that annotate only some entities, `NAME=FILE:ENTITY,…`."""
    name, _, records = item.partition("=")
    records, _, entities = records.partition(":")
    return name, records, ["--entities", entities] if entities else []


def labels_of(names):
    """The labels of a manifest, and its label sets if `labels.json` has several."""
    if isinstance(names[0], str):
        return {"labels": names}
    return {"labels": sum(names, []), "labelSets": [len(of) for of in names]}


def rounded(value):
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in value.items()}
    return round(value, 4) if isinstance(value, float) else value


SHOWN_THRESHOLDS = [0.0, 0.3, 0.5, 0.7, 0.9]


def threshold_table(thresholds):
    """Of all entities at a few thresholds: precision, recall and F1; of each entity its precision and recall."""
    at = {name: {round(row["threshold"], 2): row for row in rows} for name, rows in thresholds["entities"].items()}
    at = {"all": {round(row["threshold"], 2): row for row in thresholds["all"]}, **at}
    rows = [f"| precision / recall | {' | '.join(f'{t:g}' for t in SHOWN_THRESHOLDS)} |", f"|{'---|' * (1 + len(SHOWN_THRESHOLDS))}"]
    for name, scores in at.items():
        cells = [f"{scores[t]['precision']:.2f} / {scores[t]['recall']:.2f}" if scores[t]["chunks"] else "–" for t in SHOWN_THRESHOLDS]
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return rows


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


def confidence_lines(fit):
    """What calibrating each entity's confidence does, by documents it was not fitted on."""
    before, after = fit["before"], fit["after"]
    rows = [f"| {name} | {before['entities'][name]['ece']:.3f} | {found['ece']:.3f} | {found['count']} |" for name, found in after["entities"].items()]
    return [
        "Each entity's confidence is fitted to how often its chunks are right (Platt scaling of the mean token score, drawn towards what is",
        f"fitted to all entities). On {fit['folds']} parts of the documents, each judged by a fit on the others, the error of confidences falls",
        f"from {before['all']['ece']:.3f} to {after['all']['ece']:.3f}:",
        "",
        "| error of confidences | mean score | calibrated | chunks |",
        "|---|---|---|---|",
        *rows,
    ]


def section(title, lines):
    return ["", f"## {title}", "", *lines]


def model_card(manifest, card, config, curves):
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
    for name, thresholds in curves.items():
        whole = thresholds["all"][0]["f1"]
        best = max(thresholds["all"], key=lambda row: (row["f1"], -row["threshold"]))
        gain = f"F1 is highest at {best['threshold']:g}: {best['f1']:.3f} instead of {whole:.3f}." if best["f1"] > whole else f"F1 is highest without a threshold: {whole:.3f}."
        lines += section(
            f"Thresholds: {name}",
            [
                "Of the chunks with at least the confidence at the top, how much is right (precision), and how much of what is annotated they",
                f"are (recall). {gain} The page starts at 0, which hides nothing.",
                "",
                *threshold_table(thresholds),
            ],
        )
    calibration = manifest.get("calibration", {})
    if "before" in calibration:
        before, after = (calibration[when]["calibration"] for when in ("before", "after"))
        lines += section(
            "Calibration",
            [
                f"The softmax temperature is {manifest['temperature']}, fitted on {calibration['on']}. There, the expected calibration error",
                f"fell from {before['token']['ece']:.3f} to {after['token']['ece']:.3f} for token scores and",
                f"from {before['chunk']['ece']:.3f} to {after['chunk']['ece']:.3f} for chunk confidences.",
            ],
        )
    for name, fit in calibration.get("confidence", {}).items():
        lines += section(f"Confidence: {name}", confidence_lines(fit))
    if "Known errors" in card:
        lines += section("Known errors", [f"- {line}" for line in card["Known errors"]])
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="folder written by finetune.py: config.json, labels.json")
    parser.add_argument("--out", type=Path, required=True, help="the bundle's folder, as written by export.py")
    parser.add_argument("--about", type=Path, required=True, help="JSON with name, title, licence, attribution and the text of the card")
    parser.add_argument("--measure", action="append", default=[], metavar="NAME=FILE[:ENTITIES]", help="records to measure on")
    parser.add_argument("--decoding", default="argmax", help="the bundle's decoding: argmax or viterbi")
    parser.add_argument("--transitions", type=Path, metavar="FILE", help="records to count label transitions in")
    parser.add_argument("--apart", type=float, default=0, help="penalty, in nats, of an entity that begins right after another one")
    parser.add_argument("--constraint", action="append", default=[], help="a constraint of viterbi, by its name in the manifest")
    parser.add_argument(
        "--calibrate", action="append", default=[], metavar="NAME=FILE[:ENTITIES]", help="records to fit the temperature and the confidences on"
    )
    parser.add_argument("--glossa", default="glossa", help="the command line to measure with")
    options = parser.parse_args()
    labels = labels_of(json.loads((options.model / "labels.json").read_text()))
    if options.transitions and "labelSets" in labels:
        parser.error("--transitions counts in one label set; the model has several")

    files = []
    for name in ["model.onnx", "vocab.txt"]:
        content = (options.out / name).read_bytes()
        files.append({"path": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()})
    about = json.loads(options.about.read_text())
    card = about.pop("card", {})
    config = json.loads((options.model / "config.json").read_text())
    manifest = {
        "format": "glossa-bundle/5",
        **about,
        **labels,
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
    if options.apart:
        manifest["transitions"] = apart(manifest.get("transitions"), manifest["labels"], options.apart)
    if options.constraint:
        manifest["constraints"] = options.constraint
    path = options.out / "manifest.json"

    def write():
        path.write_text(written(manifest))

    write()
    calibrated = [records_of(item) for item in options.calibrate]
    if [entities for _, _, entities in calibrated] == [[]]:
        ((name, records, _),) = calibrated
        fitted = rounded(measured(options.glossa, options.out, records, "--fit-temperature")["fitted"])
        manifest["temperature"] = fitted.pop("temperature")
        manifest["calibration"] = {"on": name, **fitted}
        write()
    fits = {}
    for name, records, only in calibrated:
        fits[name] = rounded(measured(options.glossa, options.out, records, "--fit-confidence", *only)["fittedConfidence"])
    for name, fit in fits.items():
        # Of an entity that several corpora annotate, what is fitted on the first.
        manifest["confidences"] = fit.pop("confidences") | manifest.get("confidences", {})
        manifest.setdefault("calibration", {}).setdefault("confidence", {})[name] = fit
    write()
    curves = {}
    for item in options.measure:
        name, records, only = records_of(item)
        report = rounded(measured(options.glossa, options.out, records, *only))
        curves[name] = report.pop("thresholds")
        manifest["measured"][name] = report
    write()
    (options.out / "README.md").write_text(model_card(manifest, card, config, curves))


if __name__ == "__main__":
    main()
