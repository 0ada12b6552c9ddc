"""BERT and MPNet encoders for training on an accelerator, with one head per label set.

    python networks.py --encoder DIR --out STATE/NAME

writes the encoder, a BERT or MPNet as safetensors, packed as `accelerated.py` reads it: STATE/NAME.npz and .json.

The modules have the names of transformers' BERT, so that a trained BERT is saved as any other (`save_classifier`), and read
by `export.py`. MPNet (Song et al., 2020) differs by a bias per head and relative position, and by where positions begin; its
weights are renamed when they are read.
"""

import argparse
import json
import math
import re
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from spark_text import CASES

# Rows of MPNet's vocabulary before those of BERT's.
MPNET_SHIFT = 4


class Attention(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.self = nn.ModuleDict({name: nn.Linear(hidden, hidden) for name in ("query", "key", "value")})
        self.output = nn.ModuleDict({"dense": nn.Linear(hidden, hidden), "LayerNorm": nn.LayerNorm(hidden)})


class Layer(nn.Module):
    def __init__(self, shape):
        super().__init__()
        hidden, inner, eps = shape["hidden_size"], shape["intermediate_size"], shape["layer_norm_eps"]
        self.heads, self.dropout = shape["num_attention_heads"], shape["dropout"]
        self.attention = Attention(hidden)
        self.intermediate = nn.ModuleDict({"dense": nn.Linear(hidden, inner)})
        self.output = nn.ModuleDict({"dense": nn.Linear(inner, hidden), "LayerNorm": nn.LayerNorm(hidden)})
        for norm in (self.attention.output["LayerNorm"], self.output["LayerNorm"]):
            norm.eps = eps

    def drop(self, values):
        return functional.dropout(values, self.dropout, self.training)

    def forward(self, x, mask):
        rows, width, hidden = x.shape
        parts = (self.attention.self[name](x) for name in ("query", "key", "value"))
        q, k, v = (p.view(rows, width, self.heads, hidden // self.heads).transpose(1, 2) for p in parts)
        if x.is_cuda:
            seen = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        else:
            # On processors, torch's fused attention takes longer than this.
            scores = q @ k.transpose(-1, -2) * (hidden // self.heads) ** -0.5 + mask
            seen = scores.softmax(-1).to(v.dtype) @ v
        seen = seen.transpose(1, 2).reshape(rows, width, hidden)
        own = self.attention.output
        x = own["LayerNorm"](x + self.drop(own["dense"](seen)))
        inner = functional.gelu(self.intermediate["dense"](x))
        return self.output["LayerNorm"](x + self.drop(self.output["dense"](inner)))


def buckets(width, device, count=32, farthest=128):
    """The bucket of each relative position, `[width, width]`: exact up to 7 places, then logarithmic, by side (as T5's)."""
    place = torch.arange(width, device=device)
    apart = place[None, :] - place[:, None]
    half = count // 2
    exact = half // 2
    far = apart.abs().clamp(min=1)
    large = exact + (torch.log(far / exact) / math.log(farthest / exact) * (half - exact)).long()
    return (apart > 0) * half + torch.where(apart.abs() < exact, apart.abs(), large.clamp(max=half - 1))


class Encoder(nn.Module):
    """Word piece ids, lengths and token types to hidden vectors `[rows, width, hidden]`. Ids are BERT's for MPNet too."""

    def __init__(self, shape):
        super().__init__()
        self.shape = shape
        hidden, eps = shape["hidden_size"], shape["layer_norm_eps"]
        self.embeddings = nn.ModuleDict({
            "word_embeddings": nn.Embedding(shape["vocab_size"], hidden),
            "position_embeddings": nn.Embedding(shape["max_position_embeddings"], hidden),
            "token_type_embeddings": nn.Embedding(CASES, hidden),
            "LayerNorm": nn.LayerNorm(hidden, eps),
        })
        self.encoder = nn.ModuleDict({"layer": nn.ModuleList(Layer(shape) for _ in range(shape["num_hidden_layers"]))})
        self.relative = nn.Embedding(32, shape["num_attention_heads"]) if shape["relative"] else None
        if self.relative is not None:
            # As trained: its gradient would need the scores of every head in memory.
            self.relative.weight.requires_grad_(False)

    def forward(self, ids, lengths, cases):
        table, width = self.embeddings, ids.shape[1]
        x = table["word_embeddings"](ids) + table["position_embeddings"].weight[:width] + table["token_type_embeddings"](cases)
        x = functional.dropout(table["LayerNorm"](x), self.shape["dropout"], self.training)
        hidden = torch.arange(width, device=ids.device)[None, :] >= lengths[:, None]
        mask = torch.zeros(ids.shape, device=ids.device).masked_fill(hidden, -1e4)[:, None, None, :]
        if self.relative is not None:
            mask = mask + self.relative(buckets(width, ids.device)).permute(2, 0, 1)[None]
        if torch.is_autocast_enabled(ids.device.type):
            mask = mask.to(torch.get_autocast_dtype(ids.device.type))
        for layer in self.encoder["layer"]:
            x = layer(x, mask)
        return x


class Network(nn.Module):
    """An encoder with heads: `heads` has the number of labels of each."""

    def __init__(self, shape, heads):
        super().__init__()
        self.bert = Encoder(shape)
        self.heads = nn.ModuleDict({name: nn.Linear(shape["hidden_size"], count) for name, count in heads.items()})
        for head in self.heads.values():
            nn.init.normal_(head.weight, std=0.02)
            nn.init.zeros_(head.bias)

    def forward(self, batch):
        hidden = self.bert(batch["ids"], batch["lengths"], batch["cases"])
        return functional.dropout(hidden, self.bert.shape["dropout"], self.training)


def renamed(weights):
    """MPNet's weights by BERT's names and with BERT's ids and positions."""
    found = {}
    for name, values in weights.items():
        name = re.sub(r"attention\.attn\.([qkv])\.", lambda m: f"attention.self.{dict(q='query', k='key', v='value')[m[1]]}.", name)
        name = name.replace("attention.attn.o.", "attention.output.dense.")
        name = name.replace("attention.LayerNorm.", "attention.output.LayerNorm.")
        found[name] = values
    table = found["embeddings.word_embeddings.weight"]
    words = table[MPNET_SHIFT : MPNET_SHIFT + 30522].clone()
    for ours, theirs in ((0, 1), (101, 0), (102, 2), (103, 30526)):
        words[ours] = table[theirs]
    found["embeddings.word_embeddings.weight"] = words
    found["embeddings.position_embeddings.weight"] = found["embeddings.position_embeddings.weight"][2:]
    found["embeddings.token_type_embeddings.weight"] = torch.zeros(CASES, words.shape[1])
    found["relative.weight"] = found.pop("encoder.relative_attention_bias.weight")
    return found


def read_encoder(folder):
    """Weights and shape of an encoder in safetensors, of transformers' BERT or MPNet."""
    from safetensors.torch import load_file

    config = json.loads((folder / "config.json").read_text())
    weights = {re.sub(r"^(bert|mpnet)\.", "", n): v.float() for n, v in load_file(folder / "model.safetensors").items()}
    weights = {n: v for n, v in weights.items() if n.startswith(("embeddings.", "encoder.")) and not n.endswith("position_ids")}
    sizes = ("hidden_size", "intermediate_size", "num_attention_heads", "num_hidden_layers", "layer_norm_eps")
    shape = {name: config[name] for name in sizes} | {"relative": config["model_type"] == "mpnet", "dropout": 0.1}
    if shape["relative"]:
        weights = renamed(weights)
    else:
        rows = weights["embeddings.token_type_embeddings.weight"]
        weights["embeddings.token_type_embeddings.weight"] = rows[:1].repeat(CASES, 1) if len(rows) < CASES else rows
    shape["vocab_size"] = len(weights["embeddings.word_embeddings.weight"])
    shape["max_position_embeddings"] = len(weights["embeddings.position_embeddings.weight"])
    return weights, shape


def packed(weights):
    """Weights for sending: matrices as int8 with a scale per row, the rest in f32."""
    arrays = {}
    for name, values in weights.items():
        values = values.float().numpy()
        if values.ndim == 2 and values.size > 65_536:
            scale = np.maximum(np.abs(values).max(1, keepdims=True), 1e-12) / 127
            arrays[f"{name}|int8"], arrays[f"{name}|scale"] = np.rint(values / scale).astype(np.int8), scale.astype(np.float32)
        else:
            arrays[name] = values.astype(np.float32)
    return arrays


def unpacked(arrays):
    weights = {}
    for name in arrays.keys():
        if name.endswith("|int8"):
            name = name.removesuffix("|int8")
            weights[name] = torch.from_numpy(arrays[f"{name}|int8"].astype(np.float32) * arrays[f"{name}|scale"])
        elif not name.endswith("|scale"):
            weights[name] = torch.from_numpy(arrays[name])
    return weights


def save_classifier(weights, shape, sets, vocabulary, folder):
    """Writes a BERT with the head `classifier.weight`, `classifier.bias` as transformers reads it. `sets` are the label sets of
    the head's rows; `labels.json` has their lists, or the one list."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    names = sum(sets, [])
    sizes = {name: shape[name] for name in shape if name not in ("relative", "dropout")}
    config = {
        "architectures": ["BertForTokenClassification"], "model_type": "bert", "hidden_act": "gelu",
        "type_vocab_size": CASES, "id2label": dict(enumerate(names)), "label2id": {n: i for i, n in enumerate(names)}, **sizes,
    }
    (folder / "config.json").write_text(json.dumps(config, indent=1))
    (folder / "labels.json").write_text(json.dumps(sets if len(sets) > 1 else names))
    (folder / "vocab.txt").write_bytes(vocabulary.read_bytes())
    save_file({n: v.float().contiguous() for n, v in weights.items()}, folder / "model.safetensors", metadata={"format": "pt"})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", type=Path, required=True, help="folder with config.json and model.safetensors")
    parser.add_argument("--out", type=Path, required=True, help="path without ending")
    options = parser.parse_args()
    weights, shape = read_encoder(options.encoder)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    np.savez(options.out.with_suffix(".npz"), **packed(weights))
    options.out.with_suffix(".json").write_text(json.dumps(shape))


if __name__ == "__main__":
    main()
