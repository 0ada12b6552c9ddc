#!/usr/bin/env bash
# Cross-validates the recipe of the trials model, because 33 validation abstracts are few.
#
#   training/crossvalidate.sh DATA_FOLDER WORK_FOLDER
#
# Splits the training split into three folds. Each is held out once; the model is trained on the others and the validation
# split, for 12 epochs and with lists of collaborators, from an encoder that has not seen the corpus. It is measured as int8,
# with transitions from its training records. No parameter is chosen by these figures. Needs WORK_FOLDER/encoder, which
# train.sh writes. After an interruption, the same command resumes.
set -euo pipefail
cd "$(dirname "$0")"
data=$1 work=$2/crossvalidation
python=${PYTHON:-python3}
trials=$data/clinical_trials

finetune() {
  local out=$1
  shift
  [ -f "$out/labels.json" ] || "$python" finetune.py --out "$out" "$@"
}

mkdir -p "$work"
"$python" - "$trials" "$work" <<'PYTHON'
import random, sys
from pathlib import Path

trials, work = map(Path, sys.argv[1:])
train, validation = ((trials / f"{name}.jsonl").read_text(encoding="utf-8").splitlines() for name in ("train", "validation"))
shuffled = random.Random(1).sample(train, len(train))
folds = [shuffled[i::3] for i in range(3)]
for i, held_out in enumerate(folds, 1):
    rest = validation + [line for j, fold in enumerate(folds, 1) if j != i for line in fold]
    (work / f"held-out-{i}.jsonl").write_text("\n".join(held_out) + "\n", encoding="utf-8")
    (work / f"train-{i}.jsonl").write_text("\n".join(rest) + "\n", encoding="utf-8")
PYTHON

finetune "$work/first" --train "$data/related/PICO-Corpus.jsonl" --related "$data/related/BC5CDR.jsonl:0.5" \
  --encoder "$2/encoder" --epochs 1 --rate 3e-4
for fold in 1 2 3; do
  train=$work/train-$fold.jsonl bundle=$work/bundle-$fold
  "$python" collaborators.py --share 0.4 --out "$work/more-$fold.jsonl" "$train"
  finetune "$work/fold-$fold" --train "$work/more-$fold.jsonl" --encoder "$work/first" --epochs 12 --rate 4e-4 \
    --attention-dropout 0.1 --average 0.99
  [ -f "$bundle/model.onnx" ] || "$python" export.py --model "$work/fold-$fold" --out "$bundle"
  "$python" bundle.py --model "$work/fold-$fold" --out "$bundle" --about about/clinical_trials.json \
    --glossa ../target/release/glossa --decoding viterbi --transitions "$train" \
    --measure "held out=$work/held-out-$fold.jsonl"
done

"$python" - "$work" <<'PYTHON'
import json, statistics, sys
from pathlib import Path

work = Path(sys.argv[1])
exact, token = [], []
for fold in 1, 2, 3:
    figures = json.loads((work / f"bundle-{fold}" / "manifest.json").read_text())["measured"]["held out"]
    exact.append(figures["exact"]["f1"])
    token.append(figures["token"]["macro_f1"])
    print(f"fold {fold}: exact F1 {exact[-1]:.3f}, token macro {token[-1]:.3f}")
for name, figures in (("exact F1", exact), ("token macro", token)):
    print(f"{name}: mean {statistics.mean(figures):.3f}, standard deviation {statistics.stdev(figures):.3f}")
PYTHON
