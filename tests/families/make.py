"""Writes the models of this folder anew, with what transformers finds over onnxruntime: python make.py [FAMILY ...]

Needs requirements.txt. Tokenizers are learned with other ids each time, so whole families are made anew.
"""

import json
import lzma
import os
import shutil
import sys
import tempfile
import traceback

import forms
from architectures import FAMILIES
from models import Session, Torch, build, export, input_names
from reference import chunks, margin, pipeline
from texts import ODD, PHRASES, PLAIN

HERE = os.path.dirname(os.path.abspath(__file__))
PACKED = dict(format=lzma.FORMAT_XZ, filters=[dict(id=lzma.FILTER_LZMA2, preset=9 | lzma.PRESET_EXTREME)])
# Two labels whose logits are closer than this are no test of anything but rounding.
NEAR = 0.02
# These are exported by opset 23 as well.
MAIN = {
    "albert", "bert", "deberta-v2", "deberta-v2-conv", "deberta-v3", "distilbert", "electra", "modernbert", "mpnet", "roberta",
    "xlm-roberta",
}


class Family:
    """A folder of this one: models with one tokenizer, and runs."""

    def __init__(self, name, scratch):
        self.name, self.scratch = name, scratch
        self.folder = os.path.join(HERE, name)
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)
        self.runs, self.unwritten = [], []
        self.model, self.tokenizer, self.texts = self.varied()
        self.config = self.model.config
        self.save_settings(self.scratch, self.model, self.tokenizer)
        self.write_texts("texts.jsonl", self.texts)

    def varied(self):
        """A model that gives at least three labels, none nearly tied, in some texts."""
        best = None
        for seed in range(8):
            model, tokenizer = build(self.name, seed)
            texts = self.choose(Torch(model), tokenizer, NEAR)
            labels = set()
            if texts:
                pipe = pipeline(model, Torch(model), tokenizer, "none")
                labels = {chunk[3] for text in texts for chunk in chunks(pipe, text)}
            if best is None or len(labels) > len(best[0]):
                best = (labels, (model, tokenizer, texts))
            if len(labels) >= 4:
                break
        assert len(best[0]) >= 2, f"{self.name}: labels {best[0]}"
        return best[1]

    def choose(self, session, tokenizer, near, count=3):
        """The plain sentences, and the odd one, whose labels are clearest; `None` if fewer than two are clear enough."""
        clear = lambda text: margin(session, tokenizer, text)
        plain = PLAIN + PHRASES if near > 0.1 else PLAIN
        texts = [*sorted(plain, key=clear)[-count:], max(ODD, key=clear)]
        texts = [text for text in texts if clear(text) >= near]
        return texts if len(texts) > 1 else None

    def save_settings(self, folder, model, tokenizer):
        """config.json and the tokenizer's files, as transformers writes them."""
        model.config.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        for name in ["config.json", "tokenizer.json", "tokenizer_config.json"]:
            self.store(name, open(os.path.join(folder, name), "rb").read())

    def store(self, name, content):
        """Keeps a file of the case; large ones packed."""
        path = os.path.join(self.folder, name)
        if name.endswith(".json") and name.count("tokenizer") and len(content) > 3000:
            content = json.dumps(json.loads(content), ensure_ascii=False, separators=(",", ":")).encode()
        if len(content) > 3000:
            path, content = path + ".xz", lzma.compress(content, **PACKED)
        with open(path, "wb") as file:
            file.write(content)
        return name

    def write_texts(self, name, texts):
        lines = [json.dumps(dict(id=str(i), text=text), ensure_ascii=False) + "\n" for i, text in enumerate(texts)]
        with open(os.path.join(self.folder, name), "w") as file:
            file.writelines(lines)
        return name

    def path(self, name):
        return os.path.join(self.scratch, name)

    def files(self, model):
        """The files of a model's folder: to, from."""
        files = {name: name for name in ["config.json", "tokenizer.json", "tokenizer_config.json"]}
        if model:
            files["model.onnx"] = model
        return files

    def run(self, name, files, session, exporter="", form="", strategy="simple", args=(), near=NEAR, texts=None, tokenizer=None,
            config=None):
        """Adds a run with what the pipeline of transformers finds."""
        tokenizer = tokenizer or self.tokenizer
        own = texts is not None
        texts = texts or self.texts
        if not own and any(margin(session, tokenizer, text) < near for text in texts):
            own, texts = True, self.choose(session, tokenizer, near, count=3)
            assert texts, f"{self.name}, {name}: no clear labels"
        pipe = pipeline(self.model, session, tokenizer, strategy, config)
        expected = [chunks(pipe, text) for text in texts]
        assert any(expected), f"{self.name}, {name}: nothing to find"
        run = dict(
            name=name, args=["--model", "built", "--mode", "truncate", *(["--aggregation-strategy", strategy] if strategy != "simple" else []), *args],
            input=self.write_texts(f"{name}.jsonl".replace(" ", "-"), texts) if own else "texts.jsonl", files=files, expected=expected,
        )
        same = next((run for run in self.runs if alike(run["expected"], expected)), None)
        if same:
            run["expected"] = f"as in {same['name']}"
            if own and texts == same.get("texts"):
                os.remove(os.path.join(self.folder, run["input"]))
                run["input"] = same["input"]
        self.runs.append({**run, "exporter": exporter, "form": form, "texts": texts})

    def refuse(self, name, files, form, args=()):
        """Adds a run that must be refused."""
        args = ["--model", "built", "--mode", "truncate", *args]
        self.runs.append(dict(name=name, args=args, input="texts.jsonl", files=files, expected=None, exporter="", form=form))

    def export(self, exporter):
        """A plain export."""
        name = exporter.replace(" ", "-")
        path = self.path(f"{name}.onnx")
        try:
            export(self.model, input_names(self.tokenizer), path, exporter)
            session = Session(path)
            self.run(name, self.files(f"{name}.onnx"), session, exporter=exporter)
        except Exception as error:  # Exporters raise whatever they like.
            words = f"{type(error).__name__}: {error}".replace("\n", " ")[:200]
            self.unwritten.append(exporter)
            print(f"  {self.name}: {exporter} cannot write it: {words}", flush=True)
            return None
        self.store(f"{name}.onnx", open(path, "rb").read())
        return path

    def finish(self):
        for run in self.runs:
            run.pop("texts", None)
        lines = []
        for run in self.runs:
            expected = run.pop("expected")
            head = json.dumps(run, ensure_ascii=False)[:-1]
            if isinstance(expected, list):
                documents = ",\n   ".join(json.dumps(document, ensure_ascii=False) for document in expected)
                lines.append(f'{head}, "expected": [\n   {documents}]}}')
            else:
                lines.append(f'{head}, "expected": {json.dumps(expected)}}}')
        source = f"a random {type(self.model).__name__}, make.py; what the pipeline of transformers finds over onnxruntime"
        head = json.dumps(dict(source=source, unwritten=self.unwritten), indent=1)[:-2]
        with open(os.path.join(self.folder, "expected.json"), "w") as file:
            file.write(head + ',\n "runs": [\n  ' + ",\n  ".join(lines) + "\n ]\n}\n")


def alike(one, other):
    """Whether two results are the same but for rounding."""
    if not isinstance(one, list) or len(one) != len(other):
        return False
    pairs = zip(one, other)
    return all(
        len(a) == len(b) and all(x[:4] == y[:4] and abs(x[4] - y[4]) < 5e-5 for x, y in zip(a, b)) for a, b in pairs
    )


def main(names):
    for name in names:
        with tempfile.TemporaryDirectory() as scratch:
            try:
                print(f"{name}: {len(make(name, scratch).runs)} runs", flush=True)
            except Exception:  # The other families are made all the same.
                traceback.print_exc()


def make(name, scratch):
    family = Family(name, scratch)
    plain = {exporter: family.export(exporter) for exporter in ["torchscript 14", "dynamo 18"]}
    if name in MAIN:
        family.export("dynamo 23")
    forms.add(family, plain)
    family.finish()
    return family


if __name__ == "__main__":
    main(sys.argv[1:] or list(FAMILIES))
