"""Extracts the BERT encoder of an ONNX file, for `finetune.py --encoder`.

    python from_onnx.py --model MODEL.onnx --like ENCODER --out DIR

ENCODER is a folder with `config.json` and `vocab.txt` of an encoder with the same vocabulary and sizes; only the number of
layers may differ. MODEL.onnx must be written by torch's exporter, which keeps the names of weights. Only matrices are
transposed and renamed; their names are derived from the `MatMul` nodes.
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
    products = {node.name: node.input[1] for node in graph.node if node.op_type == "MatMul" and node.input[1] in tensors}
    named = {name: tensor for name, tensor in tensors.items() if name.startswith(("embeddings.", "encoder."))}
    for node, tensor in products.items():
        name = node.strip("/").removesuffix("/MatMul").replace("/", ".") + ".weight"
        named[name] = tensors[tensor].T.contiguous()
    return named


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--like", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()

    named = weights(onnx.load(options.model).graph)
    layers = {int(found[1]) for name in named if (found := re.match(r"encoder\.layer\.(\d+)\.", name))}
    config = AutoConfig.from_pretrained(options.like)
    config.num_hidden_layers = len(layers)
    encoder = BertModel(config, add_pooling_layer=False)
    encoder.load_state_dict(named)
    encoder.save_pretrained(options.out)
    (options.out / "vocab.txt").write_bytes((options.like / "vocab.txt").read_bytes())


if __name__ == "__main__":
    main()
