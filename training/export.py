"""Exports a fine-tuned classifier to a bundle's `model.onnx`: standard ONNX with int8 weights.

    python export.py --model DIR --out DIR [--f32 FILE]

Linear layers have int8 weights with one scale per output column (`DequantizeLinear`). Large embedding tables have one scale
per row and are dequantised after `Gather`, so that no engine needs them in f32.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from transformers import BertForTokenClassification

OPSET = 17
SMALLEST_TABLE = 65_536
INPUTS = ["input_ids", "attention_mask", "token_type_ids"]


class Logits(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask, token_type_ids):
        return self.model(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids).logits


def to_onnx(model, path):
    example = tuple(torch.ones(2, 9, dtype=torch.long) for _ in INPUTS)
    axes = {name: {0: "batch", 1: "sequence"} for name in [*INPUTS, "logits"]}
    torch.onnx.export(
        Logits(model).eval(),
        example,
        str(path),
        input_names=INPUTS,
        output_names=["logits"],
        dynamic_axes=axes,
        opset_version=OPSET,
        dynamo=False,
    )


def quantise(weights, axis):
    """Quantises to symmetric int8, with one scale per index along `axis`. Returns values and scales."""
    others = tuple(i for i in range(weights.ndim) if i != axis)
    largest = np.abs(weights).max(axis=others, keepdims=True)
    scale = np.where(largest > 0, largest / 127.0, 1.0).astype(np.float32)
    return np.clip(np.rint(weights / scale), -127, 127).astype(np.int8), scale


def int8_weights(graph):
    """Quantises linear layers and large embedding tables in place."""
    tables = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    added, dropped, nodes = {}, set(), []
    for node in graph.node:
        weights = tables.get(node.input[1]) if node.op_type == "MatMul" else None
        table = tables.get(node.input[0]) if node.op_type == "Gather" else None
        if weights is not None and weights.ndim == 2:
            name = node.input[1]
            if f"{name}.int8" not in added:
                values, scale = quantise(weights, axis=1)
                added[f"{name}.int8"], added[f"{name}.scale"] = values, scale.reshape(-1)
                inputs = [f"{name}.int8", f"{name}.scale"]
                nodes.append(helper.make_node("DequantizeLinear", inputs, [f"{name}.f32"], name=f"{name}.f32", axis=1))
            dropped.add(name)
            node.input[1] = f"{name}.f32"
            nodes.append(node)
        elif table is not None and table.ndim == 2 and table.size >= SMALLEST_TABLE:
            name, indices, output = node.input[0], node.input[1], node.output[0]
            added[f"{name}.int8"], added[f"{name}.scale"] = quantise(table, axis=0)
            dropped.add(name)
            nodes += [
                helper.make_node("Gather", [f"{name}.int8", indices], [f"{output}.int8"], name=f"{name}.rows", axis=0),
                helper.make_node("Gather", [f"{name}.scale", indices], [f"{output}.scale"], name=f"{name}.scales", axis=0),
                helper.make_node("Cast", [f"{output}.int8"], [f"{output}.cast"], name=f"{name}.cast", to=TensorProto.FLOAT),
                helper.make_node("Mul", [f"{output}.cast", f"{output}.scale"], [output], name=f"{name}.dequantised"),
            ]
        else:
            nodes.append(node)
    kept = [t for t in graph.initializer if t.name not in dropped]
    del graph.initializer[:]
    graph.initializer.extend([*kept, *(numpy_helper.from_array(v, n) for n, v in added.items())])
    del graph.node[:]
    graph.node.extend(nodes)
    del graph.value_info[:]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="folder written by finetune.py")
    parser.add_argument("--out", type=Path, required=True, help="the bundle's folder")
    parser.add_argument("--f32", type=Path, help="also write the graph with its f32 weights to this folder")
    options = parser.parse_args()

    options.out.mkdir(parents=True, exist_ok=True)
    model = BertForTokenClassification.from_pretrained(options.model, attn_implementation="eager")
    path = options.out / "model.onnx"
    to_onnx(model, path)
    vocabulary = (options.model / "vocab.txt").read_bytes()
    graph = onnx.load(path)
    if options.f32:
        options.f32.mkdir(parents=True, exist_ok=True)
        onnx.save(graph, options.f32 / "model.onnx")
        (options.f32 / "vocab.txt").write_bytes(vocabulary)
    int8_weights(graph.graph)
    onnx.checker.check_model(graph)
    onnx.save(graph, path)
    (options.out / "vocab.txt").write_bytes(vocabulary)
    print(json.dumps({"bytes": path.stat().st_size}))


if __name__ == "__main__":
    main()
