"""Forms of a model: the same weights in other files, or other names, types and axes."""

import copy
import json
import os
import shutil

import numpy
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from models import Logits, Session, WithoutTypes, WithTypes, export, input_names, quiet, strip
from texts import LONG

QUANTISED = 0.2  # Of the quantised forms: how far the two largest logits of a word piece must be apart.


def read(path):
    with open(path, "rb") as file:
        return file.read()


def add(family, plain):
    """Adds the forms that this family is tested in. `plain`: paths of the plain exports by exporter."""
    base = plain.get("torchscript 14")
    for form in FORMS.get(family.name, []):
        try:
            form(family, base)
        except Exception as error:  # Tools raise whatever they like.
            print(f"  {family.name}: {form.__name__}: {type(error).__name__}: {str(error)[:300]}", flush=True)


def write(family, name, model, form, near=0.02, output=None, pad=None, **settings):
    """Keeps an ONNX file, and adds a run of it."""
    path = family.path(f"{name}.onnx")
    onnx.save(model, path)
    strip(path)
    family.run(name, family.files(f"{name}.onnx"), Session(path, output, pad), form=form, near=near, **settings)
    family.store(f"{name}.onnx", read(path))
    return path


# Exporters and optimisers.


def by_optimum(family, base):
    from optimum.exporters.onnx import onnx_export_from_model

    folder = family.path("optimum")
    with quiet():
        onnx_export_from_model(
            model=copy.deepcopy(family.model), output=folder, task="token-classification", do_validation=False,
            preprocessors=[family.tokenizer], opset=14,
        )
    path = os.path.join(folder, "model.onnx")
    strip(path)
    family.run("optimum", family.files("optimum.onnx"), Session(path), exporter="optimum (opset 14)")
    family.store("optimum.onnx", read(path))


LEVELS = {"bert": ["O1", "O2", "O3"], "electra": ["O2"]}


def optimised(family, base):
    from optimum.onnxruntime import AutoOptimizationConfig, ORTOptimizer

    folder = family.path("to-optimise")
    os.makedirs(folder, exist_ok=True)
    for name in ["config.json", "tokenizer.json", "tokenizer_config.json"]:
        shutil.copy(family.path(name), folder)
    shutil.copy(base, os.path.join(folder, "model.onnx"))
    for level in LEVELS.get(family.name, ["O2", "O3"]):
        with quiet():
            optimizer = ORTOptimizer.from_pretrained(folder, file_names=["model.onnx"])
            optimizer.optimize(save_dir=family.path(level), optimization_config=getattr(AutoOptimizationConfig, level)())
        path = os.path.join(family.path(level), "model_optimized.onnx")
        strip(path)
        files = family.files(None)
        files["model_optimized.onnx"] = f"{level}.onnx"
        # O3 approximates the GELU.
        family.run(level, files, Session(path), form=f"optimum {level}, `model_optimized.onnx`")
        family.store(f"{level}.onnx", read(path))


# Types.


def half(family, base):
    from onnxruntime.transformers.float16 import convert_float_to_float16

    for name, keep, form in [
        ("fp16", False, "fp16, logits of fp16 (`onnx/model_fp16.onnx`)"),
        ("fp16-casts", True, "fp16 inside, logits of f32"),
    ]:
        if keep and family.name != "bert":
            continue
        model = convert_float_to_float16(onnx.load(base), keep_io_types=keep, disable_shape_infer=False)
        path = family.path(f"{name}.onnx")
        onnx.save(model, path)
        files = family.files(None if name == "fp16" else f"{name}.onnx")
        if name == "fp16":
            files["onnx/model_fp16.onnx"] = f"{name}.onnx"
        family.run(name, files, Session(path), form=form, near=0.05)
        family.store(f"{name}.onnx", read(path))


def bfloat(family, base):
    """Weights of bf16, which a Cast turns to f32."""
    model = onnx.load(base)
    casts = []
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != numpy.float32 or values.size < 64:
            continue
        bits = (values.view(numpy.uint32) >> 16).astype(numpy.uint16)
        stored = helper.make_tensor(f"{tensor.name}_bf16", TensorProto.BFLOAT16, values.shape, bits.tobytes(), raw=True)
        casts.append(helper.make_node("Cast", [stored.name], [tensor.name], to=TensorProto.FLOAT))
        tensor.CopyFrom(stored)
    for cast in reversed(casts):
        model.graph.node.insert(0, cast)
    write(family, "bf16", model, "weights of bf16")


def quantised(family, base):
    from onnxruntime.quantization import QuantType, quantize_dynamic

    kinds = [
        ("int8", QuantType.QInt8, False, "onnx/model_int8.onnx", "int8"),
        ("uint8", QuantType.QUInt8, False, "onnx/model_uint8.onnx", "uint8"),
        ("int8-by-column", QuantType.QInt8, True, "model_quantized.onnx", "int8, a scale per column, `model_quantized.onnx`"),
    ]
    if family.name != "bert":
        kinds = kinds[2:]
    for name, weights, per_channel, place, form in kinds:
        path = family.path(f"{name}.onnx")
        with quiet():
            quantize_dynamic(base, path, weight_type=weights, per_channel=per_channel)
        files = family.files(None)
        files[place] = f"{name}.onnx"
        family.run(name, files, Session(path), form=form, near=QUANTISED)
        family.store(f"{name}.onnx", read(path))


def four_bits(family, base):
    from onnxruntime.quantization.matmul_bnb4_quantizer import MatMulBnb4Quantizer
    from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer
    from onnxruntime.transformers.float16 import convert_float_to_float16

    def n_bits(model, symmetric, block=32):
        with quiet():
            quantizer = MatMulNBitsQuantizer(model, block_size=block, is_symmetric=symmetric, accuracy_level=None)
            quantizer.process()
        return quantizer.model.model

    def bnb4(model):
        with quiet():
            quantizer = MatMulBnb4Quantizer(model, quant_type=1, block_size=32)
            quantizer.process()
        return quantizer.model.model

    kinds = [
        ("q4", lambda: n_bits(onnx.load(base), True), "onnx/model_q4.onnx", "q4, symmetric"),
        ("q4-zero-points", lambda: n_bits(onnx.load(base), False), "onnx/model_q4.onnx", "q4 with zero points"),
        ("q4f16", lambda: convert_float_to_float16(n_bits(onnx.load(base), True), keep_io_types=True,
            disable_shape_infer=True, op_block_list=[]), "onnx/model_q4f16.onnx", "q4f16"),
        ("bnb4", lambda: bnb4(onnx.load(base)), "onnx/model_bnb4.onnx", "bnb4"),
    ]
    if family.name != "bert":
        kinds = kinds[:1]
    for name, make, place, form in kinds:
        path = family.path(f"{name}.onnx")
        onnx.save(make(), path)
        files = family.files(None)
        files[place] = f"{name}.onnx"
        family.run(name, files, Session(path), form=form, near=0.05)
        family.store(f"{name}.onnx", read(path))


def int32(family, base):
    """Inputs of int32."""
    model = onnx.load(base)
    for value in model.graph.input:
        value.type.tensor_type.elem_type = TensorProto.INT32
        wide = f"{value.name}_wide"
        for node in model.graph.node:
            node.input[:] = [wide if name == value.name else name for name in node.input]
        model.graph.node.insert(0, helper.make_node("Cast", [value.name], [wide], to=TensorProto.INT64))
    write(family, "int32", model, "inputs of int32")


# Names, order and number of inputs and outputs.


def rename(model, names):
    for value in [*model.graph.input, *model.graph.output]:
        value.name = names.get(value.name, value.name)
    for node in model.graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    return model


def names(family, base):
    tensorflow = dict(attention_mask="input_mask", token_type_ids="segment_ids")
    write(family, "segment-ids", rename(onnx.load(base), tensorflow), "inputs `input_mask`, `segment_ids`")
    suffixed = {name: f"{name}:0" for name in input_names(family.tokenizer)}
    write(family, "suffixed", rename(onnx.load(base), suffixed), "inputs `input_ids:0`, …")
    write(family, "renamed-output", rename(onnx.load(base), dict(logits="output_0")), "the output is named `output_0`")
    model = onnx.load(base)
    inputs = list(model.graph.input)[::-1]
    del model.graph.input[:]
    model.graph.input.extend(inputs)
    write(family, "other-order", model, "inputs in another order")


class Hidden(Logits):
    """Hidden states before the logits."""

    def forward(self, input_ids, attention_mask):
        result = self.m(input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=True)
        return result.hidden_states[-1], result.logits


class HiddenWithTypes(Logits):
    def forward(self, input_ids, attention_mask, token_type_ids):
        result = self.m(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids, output_hidden_states=True
        )
        return result.hidden_states[-1], result.logits


def two_outputs(family, base):
    wrapper = (HiddenWithTypes if "token_type_ids" in input_names(family.tokenizer) else Hidden)(family.model)
    for name, outputs, form in [
        ("hidden-states", ("last_hidden_state", "logits"), "two outputs, `logits` the second"),
        ("unnamed-outputs", ("output_0", "output_1"), "two outputs, neither named `logits`"),
    ]:
        path = family.path(f"{name}.onnx")
        export(family.model, input_names(family.tokenizer), path, "torchscript 14", wrapper=wrapper, outputs=outputs)
        write(family, name, onnx.load(path), form, output=outputs[1])


def probabilities(family, base):
    """A softmax inside: what is found is what the logits say."""
    model = rename(onnx.load(base), dict(logits="scores"))
    model.graph.node.append(helper.make_node("Softmax", ["scores"], ["logits"], axis=-1))
    model.graph.output[0].name = "logits"
    path = family.path("softmax.onnx")
    onnx.save(model, path)
    Session(path)
    family.run("softmax", family.files("softmax.onnx"), Session(base), form="probabilities: a softmax inside")
    family.store("softmax.onnx", read(path))


class Positions(Logits):
    def forward(self, input_ids, attention_mask, position_ids):
        return self.of(input_ids=input_ids, attention_mask=attention_mask, position_ids=position_ids)


class IdsOnly(Logits):
    def forward(self, input_ids):
        return self.of(input_ids=input_ids)


def inputs(family, base):
    for name, read_names, wrapper, form in [
        ("position-ids", ["input_ids", "attention_mask", "position_ids"], Positions, "an input `position_ids`"),
        ("no-types", ["input_ids", "attention_mask"], WithoutTypes, "no input `token_type_ids`"),
        ("ids-only", ["input_ids"], IdsOnly, "`input_ids` is the only input"),
    ]:
        path = family.path(f"{name}.onnx")
        export(family.model, read_names, path, "torchscript 14", wrapper=wrapper(family.model))
        write(family, name, onnx.load(path), form)


# Axes.


def fixed_axes(family, base):
    for name, rows, columns, form in [("1xN", 1, 13, "axes 1 x N"), ("1x64", 1, 64, "axes 1 x 64"), ("2x48", 2, 48, "axes 2 x 48")]:
        if family.name != "bert" and name != "1x64":
            continue
        path = family.path(f"{name}.onnx")
        ids = input_names(family.tokenizer)
        axes = {1: "sequence"} if name == "1xN" else {}
        export_fixed(family, ids, path, rows, columns, axes)
        pad = None if name == "1xN" else (rows, columns)
        write(family, name, onnx.load(path), form, pad=pad)


def export_fixed(family, ids, path, rows, columns, axes):
    wrapper = (WithTypes if "token_type_ids" in ids else WithoutTypes)(family.model).eval()
    values = torch.arange(rows * columns).reshape(rows, columns) % 50 + 5
    samples = dict(input_ids=values, attention_mask=torch.ones_like(values), token_type_ids=torch.zeros_like(values))
    with quiet(), torch.no_grad():
        torch.onnx.export(
            wrapper, tuple(samples[name] for name in ids), path, dynamo=False, input_names=ids, output_names=["logits"],
            opset_version=14, dynamic_axes={name: axes for name in ids} if axes else None,
        )


# Labels.


def labels(family, base):
    """transformers looks at id2label and num_labels only. Where label2id alone has names, those are what is meant."""
    for name, change, form in [
        ("no-id2label", dict(id2label=None, label2id=None), "no id2label"),
        ("label2id", dict(id2label=None), "label2id alone"),
        ("duplicates", dict(id2label={"0": "O", "1": "GENE", "2": "GENE", "3": "DRUG", "4": "DRUG"}), "two ids of one name"),
    ]:
        settings = {**json.loads(read(family.path("config.json"))), **change}
        settings = {key: value for key, value in settings.items() if value is not None}
        if name == "no-id2label":
            settings["num_labels"] = 5
        if name == "duplicates":
            settings["label2id"] = dict(O=0, GENE=2, DRUG=4)
        family.store(f"{name}.config.json", json.dumps(settings, indent=1).encode())
        config = copy.deepcopy(family.config)
        if name == "no-id2label":
            config.id2label = {i: f"LABEL_{i}" for i in range(5)}
        if name == "duplicates":
            config.id2label = {int(id): label for id, label in settings["id2label"].items()}
        files = {**family.files("torchscript-14.onnx"), "config.json": f"{name}.config.json"}
        family.run(name, files, Session(base), form=form, config=config)


def strategies(family, base):
    for strategy in ["none", "first", "average", "max"]:
        form = f"aggregation strategy `{strategy}`"
        family.run(f"strategy-{strategy}", family.files("torchscript-14.onnx"), Session(base), form=form, strategy=strategy)


# Files.


def external_data(family, base):
    def data(name, file, one=True):
        folder = family.path(name)
        os.makedirs(folder, exist_ok=True)
        onnx.save(
            onnx.load(base), os.path.join(folder, "model.onnx"), save_as_external_data=True, all_tensors_to_one_file=one,
            location=file if one else None, size_threshold=1024, convert_attribute=False,
        )
        return folder

    folder = data("data", "model.onnx.data")
    family.store("data.onnx", read(os.path.join(folder, "model.onnx")))
    family.store("data.onnx.data", read(os.path.join(folder, "model.onnx.data")))
    files = {**family.files("data.onnx"), "model.onnx.data": "data.onnx.data"}
    family.run("data", files, Session(base), form="external data, `model.onnx.data`")

    folder = data("data-hub", "model.onnx_data")
    family.store("data-hub.onnx", read(os.path.join(folder, "model.onnx")))
    files = {**family.files(None), "onnx/model.onnx": "data-hub.onnx", "onnx/model.onnx_data": "data.onnx.data"}
    family.run("data-hub", files, Session(base), form="external data, `onnx/model.onnx_data`")

    folder = data("data-files", None, one=False)
    family.store("data-files.onnx", read(os.path.join(folder, "model.onnx")))
    files = family.files("data-files.onnx")
    for name in sorted(os.listdir(folder)):
        if name != "model.onnx":
            files[name] = family.store(f"data-files.{name}", read(os.path.join(folder, name)))
    family.run("data-files", files, Session(base), form="external data, a file per tensor")

    files = {**family.files("torchscript-14.onnx"), "model_fp16.onnx_data": "data.onnx.data"}
    family.run("data-leftover", files, Session(base), form="another variant's data beside a whole file")
    family.refuse("data-missing", family.files("data.onnx"), "external data that is missing")
    whole = read(family.path("data/model.onnx.data"))
    family.store("cut.onnx.data", whole[: len(whole) // 2])
    files = {**family.files("data.onnx"), "model.onnx.data": "cut.onnx.data"}
    family.refuse("data-cut", files, "external data that is cut short")


def vocabulary(family, base):
    """The tokenizer's older files instead of tokenizer.json."""
    tokenizer = json.loads(read(family.path("tokenizer.json")))
    files = family.files("torchscript-14.onnx")
    files.pop("tokenizer.json")
    pieces = tokenizer["model"]["vocab"]
    if tokenizer["model"]["type"] == "WordPiece":
        family.store("vocab.txt", "".join(f"{piece}\n" for piece in sorted(pieces, key=pieces.get)).encode())
        files["vocab.txt"] = "vocab.txt"
        form = "`vocab.txt` alone"
    else:
        family.store("vocab.json", json.dumps(pieces, ensure_ascii=False).encode())
        merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in tokenizer["model"]["merges"]]
        family.store("merges.txt", "".join(f"{line}\n" for line in ["#version: 0.2", *merges]).encode())
        files.update({"vocab.json": "vocab.json", "merges.txt": "merges.txt"})
        form = "`vocab.json` and `merges.txt`"
    # What transformers makes of these files, rather than the tokenizer that they came from.
    folder = family.path("vocabulary")
    os.makedirs(folder)
    shutil.copy(family.path("config.json"), folder)
    shutil.copy(family.path("tokenizer_config.json"), folder)
    for name in ["vocab.txt", "vocab.json", "merges.txt"]:
        if name in files:
            with open(os.path.join(folder, name), "wb") as file:
                file.write(unpacked(family, name))
    from transformers import AutoTokenizer

    family.run("vocabulary", files, Session(base), form=form, tokenizer=AutoTokenizer.from_pretrained(folder))


def unpacked(family, name):
    import lzma

    path = os.path.join(family.folder, name)
    return read(path) if os.path.exists(path) else lzma.open(f"{path}.xz").read()


def settings_absent(family, base):
    """No tokenizer_config.json: transformers' defaults for the family."""
    folder = family.path("without-settings")
    os.makedirs(folder)
    for name in ["config.json", "tokenizer.json"]:
        shutil.copy(family.path(name), folder)
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    files = family.files("torchscript-14.onnx")
    files.pop("tokenizer_config.json")
    family.run("no-tokenizer-config", files, Session(base), form="no `tokenizer_config.json`", tokenizer=tokenizer)


def with_settings(name, form, **change):
    """A form whose tokenizer_config.json differs from tokenizer.json: what counts is what transformers makes of both."""

    def other(family, base):
        from transformers import AutoTokenizer

        folder = family.path(name)
        os.makedirs(folder)
        for file in ["config.json", "tokenizer.json"]:
            shutil.copy(family.path(file), folder)
        settings = json.dumps({**json.loads(read(family.path("tokenizer_config.json"))), **change}, indent=1)
        with open(os.path.join(folder, "tokenizer_config.json"), "w") as file:
            file.write(settings)
        family.store(f"{name}.tokenizer_config.json", settings.encode())
        files = {**family.files("torchscript-14.onnx"), "tokenizer_config.json": f"{name}.tokenizer_config.json"}
        family.run(name, files, Session(base), form=form, tokenizer=AutoTokenizer.from_pretrained(folder))

    return other


UNCASED = with_settings("lower-case", "`do_lower_case` true in tokenizer_config.json alone", do_lower_case=True)
CASED = with_settings("cased", "`do_lower_case` false in tokenizer_config.json alone", do_lower_case=False)
ACCENTS = with_settings("accents", "`strip_accents` true in tokenizer_config.json alone", strip_accents=True)
PREFIX = with_settings("prefix", "`add_prefix_space` true in tokenizer_config.json alone", add_prefix_space=True)
CLASSLESS = with_settings("classless", "no `tokenizer_class`, `do_lower_case` true", tokenizer_class=None, do_lower_case=True)
OTHER_CLASS = with_settings(
    "base-class", "`PreTrainedTokenizerFast`, `do_lower_case` true", tokenizer_class="PreTrainedTokenizerFast", do_lower_case=True
)


class Recurrent(torch.nn.Module):
    """An LSTM over the hidden states, before the classifier."""

    def __init__(self, model):
        super().__init__()
        torch.manual_seed(3)
        self.m = model
        self.lstm = torch.nn.LSTM(32, 16, batch_first=True, bidirectional=True)
        for parameter in self.lstm.parameters():
            parameter.data = (torch.randn_like(parameter) * 0.4 * 4).round() / 4

    def forward(self, input_ids, attention_mask):
        hidden = self.m(input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=True).hidden_states[-1]
        return self.m.classifier(self.lstm(hidden)[0] * 4)


def recurrent(family, base):
    path = family.path("lstm.onnx")
    export(family.model, ["input_ids", "attention_mask"], path, "torchscript 14", wrapper=Recurrent(family.model))
    write(family, "lstm", onnx.load(path), "an LSTM before the classifier", near=0.005)


def last_position(family, base):
    """A text of more word pieces than the model has positions."""
    family.run("last-position", family.files("torchscript-14.onnx"), Session(base), form="a text beyond the last position",
        near=0, texts=[LONG])


def beyond_table(family, base):
    """A `model_max_length` of more than the position table has: the text is cut where the table ends."""
    settings = {**json.loads(read(family.path("tokenizer_config.json"))), "model_max_length": 512}
    family.store("beyond.tokenizer_config.json", json.dumps(settings, indent=1).encode())
    files = {**family.files("torchscript-14.onnx"), "tokenizer_config.json": "beyond.tokenizer_config.json"}
    form = "`model_max_length` 512, a table of 96 positions"
    family.run("beyond-table", files, Session(base), form=form, near=0, texts=[LONG])


def long_window(family, base):
    """One window of 1,024 word pieces."""
    args = ("--max-sentence-length", "1024")
    family.run("window-1024", family.files("torchscript-14.onnx"), Session(base), form="a window of 1,024 word pieces",
        near=0, texts=[LONG], args=args)


FORMS = {
    "bert": [by_optimum, optimised, half, bfloat, quantised, four_bits, int32, names, two_outputs, probabilities, inputs,
        fixed_axes, labels, strategies, external_data, vocabulary, settings_absent, beyond_table, last_position, UNCASED,
        ACCENTS, CLASSLESS, OTHER_CLASS, recurrent],
    "distilbert": [by_optimum, optimised, half, quantised, four_bits, vocabulary, settings_absent, beyond_table,
        last_position, CASED, ACCENTS],
    "roberta": [by_optimum, optimised, half, quantised, two_outputs, fixed_axes, strategies, vocabulary, settings_absent,
        beyond_table, last_position, PREFIX, UNCASED],
    "xlm-roberta": [by_optimum, half, quantised, settings_absent, beyond_table, last_position, UNCASED],
    "camembert": [beyond_table, last_position],
    "mpnet": [by_optimum, half, vocabulary, settings_absent, beyond_table, last_position, CASED, ACCENTS],
    "electra": [optimised, quantised, vocabulary, CASED],
    "albert": [by_optimum, half, quantised, UNCASED, CASED],
    "deberta": [by_optimum, vocabulary, settings_absent, last_position, PREFIX],
    "deberta-v2": [by_optimum, half, four_bits, fixed_axes, settings_absent, last_position, UNCASED],
    "deberta-v2-conv": [by_optimum],
    "deberta-v3": [by_optimum, half, quantised, last_position],
    "modernbert": [by_optimum, half, long_window, PREFIX, UNCASED],
    "gpt2": [by_optimum],
    "qwen2": [by_optimum],
    "esm": [last_position],
    "longformer": [PREFIX],
}
