"""The shipped model in f32, in the forms that the contenders read.

`FOLDER/spark-nlp/` is an export folder of Spark NLP's, which Glossa reads as it stands; `FOLDER/hugging-face/` is a folder of
Hugging Face's, for onnxruntime with `tokenizers`. Both have the same weights: the int8 weights of the bundle, dequantised.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def make(bundle: Path, folder: Path) -> None:
    if (folder / "made").exists():
        return
    sys.path.insert(0, str(ROOT / "bench"))
    import make_models
    import onnx

    manifest = json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))
    vocabulary = (bundle / "vocab.txt").read_bytes()
    f32 = make_models.dequantised(onnx.load(bundle / "model.onnx"))
    hugging_face, spark_nlp = folder / "hugging-face", folder / "spark-nlp"
    pieces = vocabulary.decode().splitlines()
    make_models.write_hugging_face_folder(hugging_face, f32, make_models.SMALL, manifest, pieces)
    (hugging_face / "onnx/model_quantized.onnx").unlink()
    (spark_nlp / "assets").mkdir(parents=True, exist_ok=True)
    (spark_nlp / "model.onnx").unlink(missing_ok=True)
    os.link(hugging_face / "onnx/model.onnx", spark_nlp / "model.onnx")
    (spark_nlp / "assets/vocab.txt").write_bytes(vocabulary)
    (spark_nlp / "assets/labels.txt").write_text("\n".join(manifest["labels"]), encoding="utf-8")
    (folder / "made").touch()
