#!/usr/bin/env bash
# Runs every stage of accelerated.py on the sample, with the encoder of smoke.sh as the large and the small one, and compares what
# comes out of `folder` with the network. Called by smoke.sh: PYTHON is its interpreter, $1 its folder of work.
set -euo pipefail
cd "$(dirname "$0")"
python=$PYTHON work=$1
data=$work/data state=$work/state
rm -rf "$data" "$state" "$work/records"
mkdir -p "$data"/{cellular,related,unlabelled}
cp sample/train.jsonl "$data/cellular/train.jsonl"
cp sample/validation.jsonl "$data/cellular/devel.jsonl"
: >"$data/cellular/TRAIN_IDS_ALSO_IN_TEST.txt"
cp sample/train.jsonl "$data/related/PICO-Corpus.jsonl"
cp sample/train.jsonl "$data/unlabelled/rct_abstracts.jsonl"
cp sample/unlabelled.txt "$data/unlabelled/abstrct_sentences.txt"
"$python" - "$data/related" <<'PYTHON'
# Related corpora under the names that the stages know, long enough for parts that are kept apart.
import json, sys
from pathlib import Path

from examples import read_records, tokens_and_labels

records = [tokens_and_labels(r) for r in read_records("sample/train.jsonl")]
names = {"AnatEM": "Anatomy", "BC2GM": "GENE", "BC5CDR": "Chemical", "CRAFT": "Taxon", "NCBI-disease": "Disease", "linnaeus": "Species"}
for number, (name, entity) in enumerate(names.items()):
    lines = []
    for i in range(160):
        tokens, labels = records[i % len(records)]
        entities = [entity, "Disease"] if name == "BC5CDR" else [entity]
        own = [label if label == "O" else f"{label[:2]}{entities[i % len(entities)]}" for label in labels]
        lines.append(json.dumps({"tokens": [*tokens, str(i), str(number)], "labels": [*own, "O", "O"]}))
    Path(sys.argv[1], f"{name}.jsonl").write_text("\n".join(lines) + "\n")
PYTHON
"$python" flat.py --data "$data" --encoder "$work/encoder" --out "$state/corpora.npz" --records "$work/records" >/dev/null
grep -q '"Chemical"' "$work/records/BC5CDR-test.jsonl"
for name in large small; do "$python" networks.py --encoder "$work/encoder" --out "$state/$name"; done
stage() {
  "$python" accelerated.py "$1" --state "$state" --rate 2e-3 --limit 126 "${@:2}"
}
stage masked --encoder large --out masked --epochs 1
stage related --encoder masked --out related --epochs 2 --average 0.9
stage general --encoder small --teacher related --out general --epochs 1
stage tune --encoder related --out teacher --epochs 12 --seeds 2 --batch 4
stage student --encoder general --teacher teacher-1 --teacher teacher-2 --out student --epochs 2 --repeat 12 --batch 8 --seeds 2 --average 0.9
stage student --encoder general --teacher teacher-1 --choose 1/3 --out fold --epochs 1
stage biomedical --encoder general --out biomedical --epochs 2 --average 0.9
stage folder --encoder student-average --out "$work/accelerated"
stage folder --encoder biomedical --out "$work/biomedical"
"$python" - "$work" <<'PYTHON'
# What transformers computes from the folder is what the network computed.
import sys
from pathlib import Path

import torch
from transformers import BertForTokenClassification

from networks import Network

work = Path(sys.argv[1])


def both(name, folder):
    saved = torch.load(work / f"state/{name}.pt", weights_only=False)
    ours = Network(saved["shape"], saved["heads"]).eval()
    ours.load_state_dict({name: values.float() for name, values in saved["weights"].items()})
    return ours, BertForTokenClassification.from_pretrained(work / folder).eval()


ids, cases = torch.randint(5, 60, (3, 12)), torch.randint(0, 3, (3, 12))
mask = torch.ones_like(ids)
mask[1, 7:] = 0
for name, folder, head in [("student-average", "accelerated", "cellular"), ("biomedical", "biomedical", "biomedical")]:
    ours, theirs = both(name, folder)
    with torch.no_grad():
        one = ours.heads[head](ours({"ids": ids, "lengths": mask.sum(1), "cases": cases}))
        other = theirs(input_ids=ids, attention_mask=mask, token_type_ids=cases).logits
    apart = (one - other)[mask.bool()].abs().max().item()
    assert apart < 1e-4, f"the model of the folder {folder} differs by {apart}"
print("the models of the folders are those that were trained")
PYTHON
