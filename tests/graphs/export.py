"""Writes a small random BERT through every exporter, with onnxruntime's logits for one window.

Needs torch, transformers, onnx, onnxscript and onnxruntime; run in this folder: python export.py
"""

import json
import warnings

import onnx
import onnxruntime
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers import optimizer
from transformers import BertConfig, BertForTokenClassification

warnings.filterwarnings("ignore")
NAMES = ["input_ids", "attention_mask", "token_type_ids"]
CONFIG = dict(
    vocab_size=40,
    hidden_size=16,
    num_hidden_layers=1,
    num_attention_heads=2,
    intermediate_size=24,
    max_position_embeddings=24,
    num_labels=3,
)


class Logits(torch.nn.Module):
    def __init__(self, attention):
        super().__init__()
        torch.manual_seed(1)
        self.model = BertForTokenClassification(BertConfig(**CONFIG))
        self.model.set_attn_implementation(attention)
        for parameter in self.model.parameters():
            mean = 0.0 if parameter.dim() > 1 else 0.3
            torch.nn.init.normal_(parameter, mean=mean, std=0.4)

    def forward(self, input_ids, attention_mask, token_type_ids):
        inputs = dict(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids)
        return self.model(**inputs).logits


IDS = torch.randint(0, CONFIG["vocab_size"], (1, 13), generator=torch.Generator().manual_seed(2))
INPUTS = (IDS, torch.ones_like(IDS), torch.zeros_like(IDS))
RECORDED = {"ids": IDS[0].tolist(), "logits": {}}


def record(name):
    strip(name)
    session = onnxruntime.InferenceSession(f"{name}.onnx")
    feed = {read.name: value.numpy() for read, value in zip(session.get_inputs(), INPUTS)}
    RECORDED["logits"][name] = [round(float(value), 6) for value in session.run(None, feed)[0].flatten()]


def strip(name):
    """Drops what exporters note about the machine: source lines and such."""
    model = onnx.load(f"{name}.onnx")
    for part in [model, model.graph, *model.graph.node, *model.graph.initializer, *model.graph.value_info]:
        part.ClearField("doc_string")
        part.ClearField("metadata_props")
    for value in [*model.graph.input, *model.graph.output]:
        value.ClearField("metadata_props")
    onnx.save(model, f"{name}.onnx")


@torch.no_grad()
def export(name, attention, opset, dynamo):
    model = Logits(attention).eval()
    common = dict(input_names=NAMES, output_names=["logits"], opset_version=opset)
    if dynamo:
        sizes = {0: torch.export.Dim("batch"), 1: torch.export.Dim("sequence", max=24)}
        program = torch.onnx.export(model, INPUTS, None, dynamo=True, dynamic_shapes=[sizes] * 3, **common)
        program.save(f"{name}.onnx", external_data=False)
    else:
        axes = {read: {0: "batch", 1: "sequence"} for read in NAMES}
        torch.onnx.export(model, INPUTS, f"{name}.onnx", dynamo=False, dynamic_axes=axes, **common)
    record(name)


export("torchscript_12", "eager", 12, False)
export("torchscript_17", "eager", 17, False)
export("torchscript_sdpa_14", "sdpa", 14, False)
export("dynamo_18", "eager", 18, True)
export("dynamo_sdpa_20", "sdpa", 20, True)
export("dynamo_sdpa_23", "sdpa", 23, True)

for kind, weights in [("int8", QuantType.QInt8), ("uint8", QuantType.QUInt8)]:
    for name, per_channel in [(f"quantised_{kind}", False), (f"quantised_{kind}_by_column", True)]:
        quantize_dynamic("torchscript_17.onnx", f"{name}.onnx", weight_type=weights, per_channel=per_channel)
        record(name)

options = onnxruntime.SessionOptions()
options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
options.optimized_model_filepath = "onnxruntime_extended.onnx"
onnxruntime.InferenceSession("torchscript_17.onnx", options)
record("onnxruntime_extended")

for name, source in [("optimizer", "torchscript_17"), ("optimizer_sdpa", "torchscript_sdpa_14")]:
    model = optimizer.optimize_model(f"{source}.onnx", "bert", num_heads=2, hidden_size=16)
    model.save_model_to_file(f"{name}.onnx")
    record(name)

with open("recorded.json", "w") as file:
    json.dump(RECORDED, file)
    file.write("\n")
