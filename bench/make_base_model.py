"""Writes a BERT-base with random weights as a saved-model zip of Spark NLP: 110 M f32 parameters, 400 MB.

    python make_base_model.py OUT.zip [--folder DIR] [--layers 12] [--width 768] [--pieces 28996]

It is for measuring how large models load; its labels are meaningless. `--folder` also writes a Hugging Face folder.
Needs torch, transformers and onnx (training/requirements.txt).
"""

import argparse
import io
import json
import struct
import sys
import tempfile
import zipfile
from pathlib import Path

import torch
from transformers import BertConfig, BertForTokenClassification

sys.path.append(str(Path(__file__).parent.parent / "training"))
from export import to_onnx  # noqa: E402

LABELS = ["O", *(f"{prefix}-{entity}" for entity in ["DNA", "RNA", "protein", "cell_line", "cell_type"] for prefix in "BI")]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def vocabulary(size):
    """Special pieces, each ASCII character as an initial and a continuing piece, then pieces that match no text."""
    characters = [chr(code) for code in range(33, 127)]
    pieces = [*SPECIAL, *characters, *(f"##{character}" for character in characters)]
    return [*pieces, *(f"[unused{i}]" for i in range(size - len(pieces)))]


def java_text(text):
    data = text.encode()
    return struct.pack(">H", len(data)) + data


def java_pairs(pairs):
    """An Array[(String, Int)] in Java serialisation: class descriptors once, then references to them."""
    out = [
        b"\xac\xed\0\5ur", java_text("[Lscala.Tuple2;"), bytes.fromhex("2ecc00dfd14fd7c0"), b"\2\0\0xp",
        struct.pack(">i", len(pairs)),
    ]
    for i, (text, number) in enumerate(pairs):
        if i == 0:
            out += [
                b"sr", java_text("scala.Tuple2"), bytes.fromhex("2e94667d5b92f9f5"), b"\2\0\2",
                b"L", java_text("_1"), b"t", java_text("Ljava/lang/Object;"), b"L", java_text("_2"), b"q\0~\0\3", b"xp",
                b"t", java_text(text),
                b"sr", java_text("java.lang.Integer"), bytes.fromhex("12e2a0a4f7818738"), b"\2\0\1I", java_text("value"),
                b"xr", java_text("java.lang.Number"), bytes.fromhex("86ac951d0b94e08b"), b"\2\0\0xp",
            ]
        else:
            out += [b"sq\0~\0\2", b"t", java_text(text), b"sq\0~\0\6"]
        out.append(struct.pack(">i", number))
    return b"".join(out)


def sequence_file(pairs):
    """A Hadoop SequenceFile with one record."""
    classes = ["org.apache.hadoop.io.NullWritable", "org.apache.hadoop.io.BytesWritable"]
    value = java_pairs(pairs)
    header = b"SEQ\6" + b"".join(bytes([len(name)]) + name.encode() for name in classes) + bytes(6) + b"glossa base test"
    return header + struct.pack(">iii", len(value) + 4, 0, len(value)) + value


def wrapped(onnx):
    """The zip that Spark NLP wraps around the ONNX file, without compression."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=0) as file:
        file.writestr("model.onnx", onnx)
    return out.getvalue()


def save(path, onnx, pieces):
    metadata = {
        "class": "com.johnsnowlabs.nlp.annotators.classifier.dl.BertForTokenClassification",
        "paramMap": {"engine": "onnx", "caseSensitive": True},
        "defaultParamMap": {"engine": "tensorflow", "maxSentenceLength": 128, "caseSensitive": True},
    }
    numbered = [(piece, i) for i, piece in enumerate(pieces)]
    half = len(numbered) // 2
    files = {
        "metadata/part-00000": json.dumps(metadata).encode() + b"\n",
        "bert_classification_onnx": wrapped(onnx),
        "fields/vocabulary/part-00000": sequence_file(numbered[:half]),
        "fields/vocabulary/part-00001": sequence_file(numbered[half:]),
        "fields/labels/part-00000": sequence_file([(label, i) for i, label in enumerate(LABELS)]),
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as file:
        for name, content in files.items():
            file.writestr(name, content)


def save_folder(folder, onnx, config, pieces):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(onnx)
    (folder / "vocab.txt").write_text("".join(f"{piece}\n" for piece in pieces), encoding="utf-8")
    config.save_pretrained(folder)
    (folder / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": False, "model_max_length": 512}))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("zip", type=Path)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--width", type=int, default=768)
    parser.add_argument("--pieces", type=int, default=28_996)
    options = parser.parse_args()

    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=options.pieces, hidden_size=options.width, num_hidden_layers=options.layers,
        num_attention_heads=options.width // 64, intermediate_size=4 * options.width, initializer_range=0.1,
        id2label=dict(enumerate(LABELS)), label2id={label: i for i, label in enumerate(LABELS)},
    )
    model = BertForTokenClassification._from_config(config, attn_implementation="eager")
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "model.onnx"
        to_onnx(model, path)
        onnx = path.read_bytes()
    pieces = vocabulary(options.pieces)
    save(options.zip, onnx, pieces)
    if options.folder:
        save_folder(options.folder, onnx, config, pieces)
    parameters = sum(tensor.numel() for tensor in model.parameters())
    print(json.dumps({"parameters": parameters, "onnx": len(onnx), "zip": options.zip.stat().st_size}))


if __name__ == "__main__":
    main()
