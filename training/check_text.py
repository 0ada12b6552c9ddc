"""Compares `spark_text.py` with recorded tokens of Spark NLP and token types of the engine: `python check_text.py`."""

import json
from pathlib import Path

from spark_text import casing, tokenize

CASES = Path(__file__).parent.parent / "tests/golden/cases"


def main():
    compared = 0
    for path in sorted(CASES.glob("pipeline_*.jsonl")):
        for line in path.read_text(encoding="utf-8").split("\n"):
            if not line:
                continue
            case = json.loads(line)
            ours = [case["text"][begin:end] for begin, end in tokenize(case["text"])]
            recorded = [text for _, _, text in case["tokens"]]
            assert ours == recorded, (case["text"], ours, recorded)
            compared += 1
    for line in (CASES.parent / "casing.jsonl").read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        assert casing(case["token"]) == case["casing"], case
    print(f"{compared} texts agree")


if __name__ == "__main__":
    main()
