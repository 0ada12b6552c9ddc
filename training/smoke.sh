#!/usr/bin/env bash
# Runs the whole worked example of "Bring your own labels": trains a tiny model on sample/, exports it, writes and measures
# the bundle, annotates a sentence. Downloads no model. The bundle is written to target/training/garden.
#
#   training/smoke.sh
#
# PYTHON is an interpreter with the packages of requirements.txt; if unset, they are installed once into
# target/training/venv (about 6 GB with PyPI's torch). GLOSSA is the command line, by default target/release/glossa.
set -euo pipefail
cd "$(dirname "$0")"
work=../target/training
glossa=${GLOSSA:-../target/release/glossa}
[ -x "$glossa" ] || { echo "smoke.sh: no $glossa; build it with ./build.sh build" >&2; exit 1; }

python=${PYTHON:-$work/venv/bin/python}
if [ -z "${PYTHON:-}" ] && ! cmp -s requirements.txt "$work/venv/installed"; then
  echo "== Installing the packages of training/requirements.txt (3 to 10 minutes, once)"
  python3 -m venv "$work/venv"
  "$work/venv/bin/pip" install -q -r requirements.txt || {
    echo "smoke.sh: the packages could not be installed; the worked example was NOT run" >&2
    # Where changes are judged, what did not run has not passed.
    [ "${CI:-}" = true ] && exit 1
    exit 0
  }
  cp requirements.txt "$work/venv/installed"
fi

# With layers as small as these, threads mostly wait for each other.
export OMP_NUM_THREADS=1
rm -rf "$work/encoder" "$work/first" "$work/second" "$work/model" "$work/garden"
"$python" check_text.py
"$python" tiny_encoder.py --train sample/train.jsonl --out "$work/encoder"
sample=(--train sample/train.jsonl --validation sample/validation.jsonl --batch 4)
"$python" finetune.py "${sample[@]}" --encoder "$work/encoder" --out "$work/first" --epochs 40 --rate 3e-3 --average 0.9 \
  --masked sample/unlabelled.txt:0.2
"$python" nearest.py --like sample/train.jsonl --words 60 --out "$work/nearest.txt" sample/unlabelled.txt
"$python" finetune.py "${sample[@]}" --encoder "$work/first" --out "$work/second" --epochs 5 --rate 1e-3 --seed 2 \
  --teacher "$work/first" --unlabelled "$work/nearest.txt:0.5" --quantised 2
"$python" average.py --out "$work/model" "$work/first" "$work/second"
"$python" export.py --model "$work/model" --out "$work/garden" --f32 "$work/garden-f32"
"$python" bundle.py --model "$work/model" --out "$work/garden" --about sample/about.json --glossa "$glossa" \
  --measure "Sample=sample/validation.jsonl" --calibrate "Sample=sample/validation.jsonl" --decoding viterbi --transitions sample/train.jsonl \
  --apart 0.5 --constraint balancedBrackets

"$python" robustness.py --bundle "$work/garden" --glossa "$glossa" --write "Sample=sample/validation.jsonl"
grep -q "Capitals throughout" "$work/garden/README.md"
report=$("$glossa" eval --model "$work/garden" sample/train.jsonl | tail -n 1)
echo '{"id": "1", "text": "Cold tea made the fern yellow."}' | "$glossa" annotate --from jsonl --model "$work/garden" --to jsonl
"$python" - "$report" <<'PYTHON'
import json, sys

learned = json.loads(sys.argv[1])["exact"]["f1"]
assert learned > 0.8, f"the sample was not learned: F1 {learned} on its own training sentences"
print(f"the sample was learned: F1 {learned:.3f} on its own training sentences")
PYTHON

echo "== Every stage of accelerated.py"
PYTHON=$python ./accelerated_smoke.sh "$work" >"$work/accelerated.log" 2>&1 || {
  tail -n 30 "$work/accelerated.log"
  exit 1
}
tail -n 1 "$work/accelerated.log"
