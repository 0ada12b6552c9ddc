"""Converts the models of make_models.py for LiteRT.js: f32, and int8 by LiteRT's quantiser.

    pip install litert-torch && python make_litert.py --models target/bench/models

Writes `SHAPE/litert_f32.tflite` and `SHAPE/litert_int8.tflite`, for windows of 128 word pieces. LiteRT has no converter from
ONNX, so the weights are converted through torch. This is a separate script because torch needs several gigabytes.
"""

import argparse
import json
import re
import sys
from pathlib import Path

import litert_torch
import onnx
import torch
from ai_edge_quantizer import quantizer, recipe
from onnx import numpy_helper
from transformers import BertConfig, BertForTokenClassification

sys.path.append(str(Path(__file__).parent.parent / "training"))
from export import Logits  # noqa: E402

WINDOW = 128


def parameters(graph):
    """The weights of an ONNX file under torch's names, which the file keeps except for linear layers."""
    known = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    named = {name: array for name, array in known.items() if "MatMul" not in name}
    for node in graph.node:
        if node.op_type == "MatMul" and node.input[1] in known:
            name = node.name.removesuffix("/MatMul").replace("/", ".")
            named[f"{name}.weight".lstrip(".")] = known[node.input[1]].T
    return {place(name): torch.tensor(array) for name, array in named.items()}


def place(name):
    """Restores a name: make_models.py prefixes copies of the second layer with their number."""
    made = re.match(r"layer\.(\d+)\.+", name)
    if made:
        name = re.sub(r"layer\.1\.", f"layer.{made[1]}.", name[made.end() :], count=1)
    return name.removeprefix("model.")


def convert(folder):
    config = json.loads((folder / "config.json").read_text())
    config["id2label"] = {int(id): label for id, label in config["id2label"].items()}
    weights = parameters(onnx.load(folder / "onnx/model.onnx").graph)
    # A row per token type: three if the model reads capitals.
    config["type_vocab_size"] = len(weights["bert.embeddings.token_type_embeddings.weight"])
    model = BertForTokenClassification(BertConfig(**config, attn_implementation="eager")).eval()
    missing, unknown = model.load_state_dict(weights, strict=False)
    assert not unknown and all(name.endswith("position_ids") for name in missing), (missing, unknown)
    example = tuple(torch.ones(1, WINDOW, dtype=torch.int32) for _ in range(3))
    f32 = folder / "litert_f32.tflite"
    litert_torch.convert(Logits(model), example).export(str(f32))
    quantise = quantizer.Quantizer(str(f32))
    quantise.load_quantization_recipe(recipe.dynamic_wi8_afp32())
    quantise.quantize().export_model(str(folder / "litert_int8.tflite"), overwrite=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, required=True)
    options = parser.parse_args()
    for name in ("cellular", "bert-base"):
        convert(options.models / name)


if __name__ == "__main__":
    main()
