"""Extracts the BERT encoder of an ONNX file, for `finetune.py --encoder`.

    python from_onnx.py --model MODEL.onnx --like ENCODER --out DIR

ENCODER is a folder with `config.json` and `vocab.txt` of an encoder with the same vocabulary and sizes; only the number of
layers may differ, and that of token types. MODEL.onnx must be written by torch's exporter, which keeps the names of weights, or
by `export.py`, as the shipped models are. Only matrices are transposed and renamed; their names are derived from the `MatMul` nodes.
"""

import argparse
import re
from pathlib import Path

import onnx
import torch
from onnx import numpy_helper
from transformers import AutoConfig, BertModel


def weights(graph):
    """The weights under torch's names."""
    tensors = {tensor.name: torch.from_numpy(numpy_helper.to_array(tensor).copy()) for tensor in graph.initializer}
    for name in [name.removesuffix(".int8") for name in tensors if name.endswith(".int8")]:
        # `export.py` names the weights that a `MatMul` reads NAME.f32, and keeps the names of tables.
        values = tensors.pop(f"{name}.int8").float() * tensors.pop(f"{name}.scale")
        tensors[f"{name}.f32" if name.startswith("onnx::") else name] = values
    tensors = {name.removeprefix("model.bert."): tensor for name, tensor in tensors.items()}
    products = {node.name: node.input[1] for node in graph.node if node.op_type == "MatMul" and node.input[1] in tensors}
    named = {name: tensor for name, tensor in tensors.items() if name.startswith(("embeddings.", "encoder."))}
    for node, tensor in products.items():
        name = node.strip("/").removesuffix("/MatMul").replace("/", ".").removeprefix("model.bert.") + ".weight"
        named[name] = tensors[tensor].T.contiguous()
    return named


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--like", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()

    named = weights(onnx.load(options.model).graph)
    named = {name: tensor for name, tensor in named.items() if name.startswith(("embeddings.", "encoder."))}
    layers = {int(found[1]) for name in named if (found := re.match(r"encoder\.layer\.(\d+)\.", name))}
    config = AutoConfig.from_pretrained(options.like)
    config.num_hidden_layers = len(layers)
    config.type_vocab_size = len(named["embeddings.token_type_embeddings.weight"])
    encoder = BertModel(config, add_pooling_layer=False)
    encoder.load_state_dict(named)
    encoder.save_pretrained(options.out)
    (options.out / "vocab.txt").write_bytes((options.like / "vocab.txt").read_bytes())


if __name__ == "__main__":
    main()
