"""Builds a small random model and exports it."""

import contextlib
import copy
import inspect
import io
import logging
import warnings

import numpy
import onnx
import onnxruntime
import torch
import transformers

from architectures import FAMILIES, LABELS, POSITIONS, SIZES
from texts import PLAIN
from tokenizer_makers import wrap

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)
transformers.logging.set_verbosity_error()
torch.set_num_threads(1)


def build(family, seed):
    """A model with random weights, and its tokenizer."""
    prefix, kind, settings = FAMILIES[family]
    limit = 1024 if family == "modernbert" else POSITIONS
    tokenizer = wrap(kind, limit)
    labels = dict(id2label=dict(enumerate(LABELS)), label2id={label: i for i, label in enumerate(LABELS)})
    settings = {**SIZES, "vocab_size": len(tokenizer), **labels, **settings}
    settings = {key: value for key, value in settings.items() if value is not None}
    config = getattr(transformers, f"{prefix}Config")(**settings)
    config.use_cache = False
    torch.manual_seed(seed)
    cls = f"{prefix}ForTokenClassification"
    model = getattr(transformers, cls)(config).eval()
    config.architectures = [cls]
    known = inspect.signature(model.forward).parameters
    tokenizer.model_input_names = [name for name in tokenizer.model_input_names if name in known]
    spread(model)
    balance(model, tokenizer)
    return model, tokenizer


@torch.no_grad()
def spread(model):
    """Weights of few values: they pack to a twentieth of their size, and fp16 and bf16 hold them exactly."""
    rounded = lambda values, steps=4: (values * steps).round() / steps
    for name, parameter in model.named_parameters():
        if "classifier" in name or name.startswith("score"):
            values = rounded(torch.randn_like(parameter) * 0.5)
        elif parameter.dim() > 1:
            values = rounded(torch.randn_like(parameter) * 0.25, 2)
        elif "weight" in name:
            values = rounded(1 + torch.randn_like(parameter) * 0.2)
        else:
            values = rounded(torch.randn_like(parameter) * 0.2)
        parameter.copy_(values)


@torch.no_grad()
def balance(model, tokenizer):
    """Labels that are all in use: the mean of the logits becomes 0, by the bias of the last layer."""
    last = [layer for layer in model.modules() if isinstance(layer, torch.nn.Linear) and layer.out_features == len(LABELS)][-1]
    if last.bias is None:
        return
    logits = torch.cat([model(**tokenizer(text, return_tensors="pt")).logits[0] for text in PLAIN[:12]])
    last.bias.sub_((logits.mean(0) * 8).round() / 8)


class Logits(torch.nn.Module):
    """The logits of named inputs, with as many parameters of `forward` as there are inputs."""

    def __init__(self, model):
        super().__init__()
        self.m = model

    def of(self, **inputs):
        return self.m(**inputs).logits


class WithoutTypes(Logits):
    def forward(self, input_ids, attention_mask):
        return self.of(input_ids=input_ids, attention_mask=attention_mask)


class WithTypes(Logits):
    def forward(self, input_ids, attention_mask, token_type_ids):
        return self.of(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids)


class WithoutMask(Logits):
    def forward(self, input_ids, token_type_ids):
        return self.of(input_ids=input_ids, token_type_ids=token_type_ids)


def wrapped(model, names):
    if "attention_mask" not in names:
        return WithoutMask(model)
    return (WithTypes if "token_type_ids" in names else WithoutTypes)(model)


@contextlib.contextmanager
def plain_masks():
    """Masks of decoders without vmap, which exporters of today cannot follow; as optimum exports them."""
    from optimum.exporters.onnx.model_patcher import eager_mask_without_vmap, sdpa_mask_without_vmap
    from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS as masks

    masks["eager"], masks["sdpa"] = eager_mask_without_vmap, sdpa_mask_without_vmap
    try:
        yield
    finally:
        del masks["eager"], masks["sdpa"]


def input_names(tokenizer):
    names = ["input_ids", "attention_mask", "token_type_ids"]
    return [name for name in names if name in tokenizer.model_input_names]


@contextlib.contextmanager
def quiet():
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield


@torch.no_grad()
def export(model, names, path, exporter, length=13, wrapper=None, outputs=("logits",), axes=None):
    """Writes an ONNX file. `exporter` is `torchscript OPSET` or `dynamo OPSET`; `axes` are those of the inputs that vary,
    by number."""
    kind, opset = exporter.split()
    if wrapper is None:
        # A copy, since some families keep tables of the last window, which would be those of the exporter.
        wrapper = wrapped(copy.deepcopy(model), names)
    wrapper.eval()  # Else the exporter puts the model into training mode afterwards.
    axes = {0: "batch", 1: "sequence"} if axes is None else axes
    ids = torch.arange(length)[None] % 50 + 5
    samples = dict(input_ids=ids, attention_mask=torch.ones_like(ids), token_type_ids=torch.zeros_like(ids))
    samples["position_ids"] = torch.arange(length)[None]
    inputs = tuple(samples[name] for name in names)
    decoder = model.config.model_type in DECODERS
    with quiet(), plain_masks() if decoder else contextlib.nullcontext():
        if kind == "dynamo":
            sizes = {name: axes for name in names}
            program = torch.onnx.export(
                wrapper, inputs, None, dynamo=True, input_names=names, output_names=list(outputs),
                opset_version=int(opset), dynamic_shapes=tuple(sizes.values()), verbose=False,
            )
            program.save(path, external_data=False)
        else:
            torch.onnx.export(
                wrapper, inputs, path, dynamo=False, input_names=names, output_names=list(outputs),
                opset_version=int(opset), dynamic_axes={name: axes for name in names} if axes else None,
            )
    strip(path)


def strip(path):
    """Drops what exporters note about the machine: source lines and such."""
    model = onnx.load(path)
    parts = [model, model.graph, *model.graph.node, *model.graph.initializer, *model.graph.value_info]
    for function in model.functions:
        parts += [function, *function.node]
    for part in parts:
        part.ClearField("doc_string")
        part.ClearField("metadata_props")
    for value in [*model.graph.input, *model.graph.output]:
        value.ClearField("metadata_props")
    onnx.save(model, path)


DECODERS = {"bloom", "falcon", "gpt2", "gpt_neox", "llama", "mistral", "qwen2", "qwen3"}

ELEMENTS = {"tensor(int64)": numpy.int64, "tensor(int32)": numpy.int32, "tensor(float)": numpy.float32, "tensor(float16)": numpy.float16}
OTHER_NAMES = {
    "input_ids:0": "input_ids", "input_mask": "attention_mask", "attention_mask:0": "attention_mask",
    "segment_ids": "token_type_ids", "token_type_ids:0": "token_type_ids",
}


class Session:
    """Runs an ONNX file on one window."""

    def __init__(self, path, output=None, pad=None):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 4
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self.output, self.pad = output, pad

    def logits(self, inputs):
        """`inputs`: arrays of 1 x word pieces by name. Returns 1 x word pieces x labels."""
        length = inputs["input_ids"].shape[1]
        given = {**inputs, "position_ids": numpy.arange(length)[None]}
        given.setdefault("token_type_ids", numpy.zeros((1, length)))
        feed = {}
        for read in self.session.get_inputs():
            value = given[OTHER_NAMES.get(read.name, read.name)].astype(ELEMENTS[read.type])
            if self.pad:
                rows, columns = self.pad
                value = numpy.pad(value, ((0, rows - 1), (0, columns - length)))
            feed[read.name] = value
        output = self.session.run([self.output] if self.output else None, feed)[0]
        return output[:1, :length].astype(numpy.float32)


class Torch:
    """Runs a model of transformers on one window."""

    def __init__(self, model):
        self.model = model

    @torch.no_grad()
    def logits(self, inputs):
        return self.model(**{name: torch.tensor(value) for name, value in inputs.items()}).logits.numpy()
