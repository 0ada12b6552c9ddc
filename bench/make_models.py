"""Writes the same weights in the format of each engine.

    python make_models.py --bundle www/models/cellular --out target/bench/models

There are two shapes: `cellular`, the small model of that bundle (6 layers of 384), and `bert-base` (12 layers of 768), the same
graph widened, with random weights. Each becomes

    SHAPE/                    for transformers.js: config.json, tokenizer.json, and
        onnx/model.onnx             plain f32: the bundle's int8 weights, dequantised
        onnx/model_quantized.onnx   the same, quantised by onnxruntime (MatMulInteger)
    SHAPE-bundle/             a bundle (only for bert-base; the other one is in the repository)
    SHAPE-f32/                a bundle with the f32 file
"""

import argparse
import hashlib
import json
import os
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

SMALL = {"layers": 6, "width": 384, "heads": 12}
BASE = {"layers": 12, "width": 768, "heads": 12}
SEED = 20


def tensors(graph):
    return {tensor.name: tensor for tensor in graph.initializer}


def replace_initializers(graph, arrays):
    del graph.initializer[:]
    graph.initializer.extend(numpy_helper.from_array(array, name) for name, array in arrays.items())


def dequantised(model):
    """The bundle's graph with all int8 weights dequantised, as an exporter writes f32 weights."""
    model = onnx.ModelProto.FromString(model.SerializeToString())
    graph = model.graph
    arrays = {name: numpy_helper.to_array(tensor) for name, tensor in tensors(graph).items()}
    folded, nodes = {}, []
    by_output = {output: node for node in graph.node for output in node.output}
    for node in graph.node:
        if node.op_type == "DequantizeLinear":
            values, scale = (arrays[name] for name in node.input[:2])
            folded[node.output[0]] = values.astype(np.float32) * scale
        elif node.name.endswith(".weight.dequantised"):
            cast, scales = (by_output[name] for name in node.input)
            rows = by_output[cast.input[0]]
            name = rows.input[0].removesuffix(".int8")
            folded[name] = arrays[rows.input[0]].astype(np.float32) * arrays[scales.input[0]]
            nodes.append(helper.make_node("Gather", [name, rows.input[1]], [node.output[0]], name=name + ".gather", axis=0))
        elif not node.name.endswith((".weight.rows", ".weight.scales", ".weight.cast")):
            nodes.append(node)
    kept = {name: array for name, array in arrays.items() if not name.endswith((".int8", ".scale"))}
    replace_initializers(graph, {**kept, **folded})
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.checker.check_model(model)
    return model


def ends_of_layers(graph):
    """For each layer of the encoder, the index after its last node."""
    suffix = "/output/LayerNorm/LayerNormalization"
    ends = [i + 1 for i, node in enumerate(graph.node) if node.name.endswith(suffix) and "/attention/" not in node.name]
    assert len(ends) == SMALL["layers"], "the bundle's graph is not the one that this script knows"
    return ends


def widened(model):
    """The graph in the shape of BERT-base: its second layer repeated, with random weights."""
    model = onnx.ModelProto.FromString(model.SerializeToString())
    graph = model.graph
    ends = ends_of_layers(graph)
    head, layer, tail = graph.node[: ends[0]], graph.node[ends[0] : ends[1]], graph.node[ends[-1] :]
    known = tensors(graph)
    own = {output for node in layer for output in node.output}
    own |= {name for node in layer for name in node.input if name in known}
    first, last = head[-1].output[0], graph.node[ends[-1] - 1].output[0]
    nodes, shapes = list(head), {}
    before = first
    for i in range(1, BASE["layers"]):
        rename = {name: f"layer.{i}.{name}" for name in own}
        rename[first] = before
        for node in layer:
            copy = onnx.NodeProto.FromString(node.SerializeToString())
            copy.name = f"layer.{i}.{node.name}"
            copy.input[:] = [rename.get(name, name) for name in node.input]
            copy.output[:] = [rename.get(name, name) for name in node.output]
            nodes.append(copy)
        shapes.update({rename[name]: known[name] for name in own if name in known})
        before = nodes[-1].output[0]
    for node in tail:
        node.input[:] = [before if name == last else name for name in node.input]
    nodes += tail
    shapes.update({name: known[name] for node in [*head, *tail] for name in node.input if name in known})
    widen_constants(nodes)
    random = np.random.default_rng(SEED)
    replace_initializers(graph, {name: random_like(tensor, name, random) for name, tensor in shapes.items()})
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.checker.check_model(model)
    return model


def widen_constants(nodes):
    """Sets the width of attention heads and the scale of attention scores."""
    small, base = (shape["width"] // shape["heads"] for shape in (SMALL, BASE))
    for node in nodes:
        for attribute in node.attribute:
            if node.op_type != "Constant" or attribute.name != "value":
                continue
            value = numpy_helper.to_array(attribute.t)
            if value.dtype == np.int64 and value.size == 1 and value.item() == small:
                attribute.t.CopyFrom(numpy_helper.from_array(np.full_like(value, base)))
            elif value.dtype == np.float32 and np.allclose(value, small**-0.5):
                attribute.t.CopyFrom(numpy_helper.from_array(np.full_like(value, base**-0.5)))


def random_like(tensor, name, random):
    """BERT's initialisation: a normal distribution with a standard deviation of 0.02."""
    by_width = {SMALL["width"]: BASE["width"], 4 * SMALL["width"]: 4 * BASE["width"]}
    shape = [by_width.get(dim, dim) for dim in tensor.dims]
    if name.endswith(".int8"):
        return np.clip(np.rint(random.normal(0, 40, shape)), -127, 127).astype(np.int8)
    if name.endswith(".scale"):
        return np.full(shape, 0.02 / 40, np.float32)
    if name.endswith("LayerNorm.weight"):
        return np.ones(shape, np.float32)
    return random.normal(0, 0.02, shape).astype(np.float32)


def write_hugging_face_folder(folder, f32, shape, manifest, vocabulary):
    (folder / "onnx").mkdir(parents=True, exist_ok=True)
    onnx.save(f32, folder / "onnx/model.onnx")
    quantize_dynamic(
        folder / "onnx/model.onnx",
        folder / "onnx/model_quantized.onnx",
        weight_type=QuantType.QInt8,
        extra_options={"EnableSubgraph": True, "MatMulConstBOnly": True},
    )
    labels = manifest["labels"]
    config = {
        "architectures": ["BertForTokenClassification"],
        "model_type": "bert",
        "vocab_size": len(vocabulary),
        "hidden_size": shape["width"],
        "intermediate_size": 4 * shape["width"],
        "num_hidden_layers": shape["layers"],
        "num_attention_heads": shape["heads"],
        "max_position_embeddings": 512,
        "type_vocab_size": 2,
        "hidden_act": "gelu",
        "id2label": {str(i): label for i, label in enumerate(labels)},
        "label2id": {label: i for i, label in enumerate(labels)},
    }
    special = {piece: vocabulary.index(piece) for piece in ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]}
    sequence = [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                {"SpecialToken": {"id": "[SEP]", "type_id": 0}}]
    tokenizer = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {"id": id, "content": piece, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
             "special": True}
            for piece, id in special.items()
        ],
        "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None,
                       "lowercase": True},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": sequence,
            "pair": [*sequence, {"Sequence": {"id": "B", "type_id": 1}}, {"SpecialToken": {"id": "[SEP]", "type_id": 1}}],
            "special_tokens": {piece: {"id": piece, "ids": [special[piece]], "tokens": [piece]} for piece in ["[CLS]", "[SEP]"]},
        },
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                  "max_input_chars_per_word": 100, "vocab": {piece: id for id, piece in enumerate(vocabulary)}},
    }
    tokenizer_config = {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "model_max_length": 512}
    for name, content in [("config", config), ("tokenizer", tokenizer), ("tokenizer_config", tokenizer_config)]:
        (folder / f"{name}.json").write_text(json.dumps(content))


def write_bundle(folder, graph, name, manifest, vocabulary):
    """Writes a bundle with an ONNX file; `graph` is a model, or the path of a file to link to."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "model.onnx"
    if isinstance(graph, Path):
        path.unlink(missing_ok=True)
        os.link(graph, path)
    else:
        onnx.save(graph, path)
    (folder / "vocab.txt").write_bytes(vocabulary)
    files = [
        {"path": file.name, "bytes": file.stat().st_size, "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
        for file in (path, folder / "vocab.txt")
    ]
    kept = {key: value for key, value in manifest.items() if key != "measured"}
    (folder / "manifest.json").write_text(json.dumps({**kept, "name": name, "files": files}, indent=1))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, required=True, help="the small model's bundle")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()

    manifest = json.loads((options.bundle / "manifest.json").read_text())
    vocabulary = (options.bundle / "vocab.txt").read_bytes()
    pieces = vocabulary.decode().splitlines()
    small = onnx.load(options.bundle / "model.onnx")
    base = widened(small)
    # The weights are random: with another decoding than the peers', labels would differ.
    plain = {key: value for key, value in manifest.items() if key not in ("temperature", "transitions")}
    plain |= {"tokenTypes": "zeros", "decoding": "argmax"}
    write_bundle(options.out / "bert-base-bundle", base, "bert-base", plain, vocabulary)
    for name, model, shape in [("cellular", small, SMALL), ("bert-base", base, BASE)]:
        write_hugging_face_folder(options.out / name, dequantised(model), shape, manifest, pieces)
        f32 = options.out / name / "onnx/model.onnx"
        write_bundle(options.out / f"{name}-f32", f32, f"{name}-f32", manifest, vocabulary)


if __name__ == "__main__":
    main()
