"""Records how transformers reads the tokenizer files that people have: word pieces, their places and their frame.

Needs transformers 4.57 with its tokenizers; run in this folder: python record.py
"""

import copy
import json
import os
import tempfile

os.environ["HF_HUB_OFFLINE"] = "1"
from transformers import AutoTokenizer  # noqa: E402

TEXTS = [
    "Kelvastatin 40 mg lowered serum LDL in 17 of 23 patients (p = 0.012).",
    " The BRX2-alpha gene  encodes a zinc-finger protein;\nIL-9R expression rose in na\u00efve T cells. ",
    "R\u00e9sum\u00e9 [MASK] <mask> x</s>Ab [SEP]\u4e2d\u6587 \U0001f9ec cells<unk> [UNK]",
]

BASES = {name: open(name, encoding="utf-8").read() for name in os.listdir(".") if not name.endswith(("recorded.json", ".py"))}


class Changed(str):
    """A base file's text after changes."""


def changed(base, changes):
    """A base file with values at JSON pointers replaced."""
    file = json.loads(BASES[base])
    for pointer, value in changes.items():
        *parents, last = pointer[1:].split("/")
        place = file
        for parent in parents:
            place = place[parent]
        place[last] = copy.deepcopy(value)
    text = Changed(json.dumps(file, ensure_ascii=False))
    text.base, text.changes = base, changes
    return text


def renamed(names):
    """The word pieces with some of them renamed."""
    return "".join(names.get(line, line) + "\n" for line in BASES["vocab.txt"].splitlines())


MPNET = {"[CLS]": "<s>", "[SEP]": "</s>", "[PAD]": "<pad>", "[MASK]": "<mask>"}
FUNNEL = {"[CLS]": "<cls>", "[SEP]": "<sep>", "[PAD]": "<pad>", "[MASK]": "<mask>", "[UNK]": "<unk>"}


def token(content, **flags):
    fields = dict(content=content, lstrip=False, normalized=False, rstrip=False, single_word=False, special=True)
    return {**fields, **flags}


def cases():
    """Name, `config.json`, and the tokenizer's files: texts, or JSON as it is."""
    word_piece = {"tokenizer.json": BASES["word_piece.json"]}
    unlisted = {"tokenizer.json": changed("word_piece.json", {"/added_tokens": []})}
    for model_type in ["bert", "distilbert", "electra", "mobilebert", "squeezebert", "convbert", "layoutlm", "splinter"]:
        yield f"{model_type}, by its type", {"model_type": model_type}, word_piece
    for name, config in {
        "says nothing": {},
        "cased": {"do_lower_case": False},
        "accents stripped": {"do_lower_case": False, "strip_accents": True},
        "accents kept": {"do_lower_case": True, "strip_accents": False},
        "accents null": {"strip_accents": None},
        "Chinese characters together": {"tokenize_chinese_chars": False},
    }.items():
        for kind in ["BertTokenizer", "DistilBertTokenizerFast", "SplinterTokenizer", "PreTrainedTokenizerFast"]:
            files = {**word_piece, "tokenizer_config.json": {"tokenizer_class": kind, **config}}
            yield f"{kind}, {name}", {"model_type": "bert"}, files
    yield "class in config.json", {"model_type": "roberta", "tokenizer_class": "BertTokenizer"}, word_piece
    yield "special tokens not listed", {"model_type": "bert"}, unlisted
    yield (
        "special tokens not listed, all in tokenizer.json",
        {"model_type": "bert"},
        {**unlisted, "tokenizer_config.json": {"tokenizer_class": "PreTrainedTokenizerFast"}},
    )
    yield (
        "special tokens in their map",
        {"model_type": "bert"},
        {
            **unlisted,
            "tokenizer_config.json": {"tokenizer_class": "PreTrainedTokenizerFast"},
            "special_tokens_map.json": {"mask_token": token("[MASK]", lstrip=True), "unk_token": "[UNK]"},
        },
    )
    yield (
        "special tokens in their map, and an added token",
        {"model_type": "bert"},
        {
            **unlisted,
            "tokenizer_config.json": {
                "tokenizer_class": "PreTrainedTokenizerFast",
                "added_tokens_decoder": {"4": token("[MASK]", rstrip=True)},
            },
            "special_tokens_map.json": {"unk_token": "[UNK]"},
        },
    )

    vocab = {"vocab.txt": BASES["vocab.txt"]}
    for model_type in ["bert", "distilbert", "electra", "mobilebert", "squeezebert", "convbert", "layoutlm", "splinter"]:
        yield f"vocab.txt of {model_type}", {"model_type": model_type}, vocab
    for name, config in {
        "cased": {"do_lower_case": False},
        "accents stripped": {"do_lower_case": False, "strip_accents": True},
        "Chinese characters together": {"tokenize_chinese_chars": False},
        "mask as object": {"mask_token": {"__type": "AddedToken", **token("[MASK]", lstrip=True)}},
    }.items():
        yield f"vocab.txt, {name}", {"model_type": "bert"}, {**vocab, "tokenizer_config.json": config}
    mpnet = {"vocab.txt": renamed(MPNET)}
    yield "vocab.txt of mpnet", {"model_type": "mpnet"}, mpnet
    yield "vocab.txt of mpnet, cased", {"model_type": "mpnet"}, {**mpnet, "tokenizer_config.json": {"do_lower_case": False}}
    yield "vocab.txt of funnel", {"model_type": "funnel"}, {"vocab.txt": renamed(FUNNEL)}
    yield (
        "vocab.txt of bert with other special tokens",
        {"model_type": "bert"},
        {
            **mpnet,
            "tokenizer_config.json": {"cls_token": "<s>", "sep_token": "</s>", "pad_token": "<pad>", "mask_token": "<mask>"},
        },
    )
    yield (
        "vocab.txt of bert with other special tokens in their map",
        {"model_type": "bert"},
        {
            **mpnet,
            "special_tokens_map.json": {
                "cls_token": token("<s>"),
                "sep_token": "</s>",
                "pad_token": "<pad>",
                "mask_token": "<mask>",
            },
        },
    )

    for written in [False, True]:
        changes = {"/pre_tokenizer/add_prefix_space": written, "/post_processor/add_prefix_space": written}
        byte_level = {"tokenizer.json": changed("byte_level.json", changes)}
        for kind in ["Roberta", "Longformer", "Bart", "LED", "Mvp", "GPT2", "Deberta", "PreTrained"]:
            for configured in [None, False, True]:
                config = {"tokenizer_class": f"{kind}TokenizerFast"}
                if configured is not None:
                    config["add_prefix_space"] = configured
                yield (
                    f"{kind}, prefix space {written} in tokenizer.json and {configured} in its configuration",
                    {"model_type": "roberta"},
                    {**byte_level, "tokenizer_config.json": config},
                )
    byte_level = {"tokenizer.json": BASES["byte_level.json"]}
    for trim in [False, True]:
        for kind in ["Roberta", "Deberta"]:
            yield (
                f"{kind}, trim_offsets {trim}",
                {"model_type": "roberta"},
                {
                    **byte_level,
                    "tokenizer_config.json": {
                        "tokenizer_class": f"{kind}Tokenizer",
                        "trim_offsets": trim,
                        "add_prefix_space": True,
                    },
                },
            )
    slow = {"vocab.json": BASES["vocab.json"], "merges.txt": BASES["merges.txt"]}
    for model_type in ["roberta", "longformer", "bart", "led", "mvp", "ibert", "data2vec-text"]:
        yield f"vocab.json of {model_type}", {"model_type": model_type}, slow
    end = len(json.loads(BASES["vocab.json"]))
    special = {"[CLS]": end, "[SEP]": end + 1, "[UNK]": end + 2, "[PAD]": end + 3, "[MASK]": end + 4}
    for prefix_space in [False, True]:
        config = {"tokenizer_config.json": {"add_prefix_space": prefix_space}}
        for model_type in ["roberta", "gpt2", "deberta"]:
            files = {**slow, **config}
            if model_type == "deberta":
                files["added_tokens.json"] = special
            if model_type == "gpt2":
                files["added_tokens.json"] = {"<|endoftext|>": end}
            yield f"vocab.json of {model_type}, prefix space {prefix_space}", {"model_type": model_type}, files
    yield (
        "vocab.json of roberta, tokens added by id",
        {"model_type": "roberta"},
        {
            **slow,
            "tokenizer_config.json": {
                "tokenizer_class": "RobertaTokenizer",
                "added_tokens_decoder": {
                    **{
                        str(id): token(content, lstrip=content == "<mask>")
                        for id, content in enumerate(["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
                    },
                    str(end): token("T cells", special=False, lstrip=True, rstrip=True),
                },
            },
        },
    )
    yield "vocab.json of roberta, tokens added", {"model_type": "roberta"}, {**slow, "added_tokens.json": {"gene": end}}
    yield "vocab.json of roberta, no version", {"model_type": "roberta"}, {**slow, "merges.txt": BASES["merges.txt"].split("\n", 1)[1]}

    unigram = {"tokenizer.json": BASES["unigram.json"]}
    for kind in ["XLMRoberta", "DebertaV2", "Albert", "Camembert"]:
        config = {"tokenizer_class": f"{kind}Tokenizer", "do_lower_case": True, "add_prefix_space": False}
        yield f"{kind}, case and space in its configuration", {"model_type": "xlm-roberta"}, {**unigram, "tokenizer_config.json": config}
    frame = [{"Sequence": {"id": "A", "type_id": 0}}]
    frame += [{"SpecialToken": {"id": id, "type_id": type_id}} for id, type_id in [("</s>", 0), ("<s>", 2)]]
    behind = {"tokenizer.json": changed("unigram.json", {"/post_processor/single": frame})}
    yield "a frame behind the text, as XLNet's", {"model_type": "xlnet"}, behind
    yield "xlm-roberta, by its type", {"model_type": "xlm-roberta"}, unigram


def units(text, point):
    """A place in code points as one in UTF-16 code units."""
    return len(text[:point].encode("utf-16-le")) // 2


def rows(files):
    """How many pieces the files have. To more, which a class adds by its defaults, no model has a row."""
    ids = []
    for name, content in files.items():
        file = json.loads(content) if name.endswith(".json") and isinstance(content, str) else content
        if name == "tokenizer.json":
            vocabulary = file["model"]["vocab"]
            ids += range(len(vocabulary)) if isinstance(vocabulary, list) else vocabulary.values()
            ids += [added["id"] for added in file["added_tokens"]]
        elif name in ("vocab.json", "added_tokens.json"):
            ids += file.values()
        elif name == "vocab.txt":
            ids += range(len(content.splitlines()))
        elif name == "tokenizer_config.json":
            ids += map(int, file.get("added_tokens_decoder", {}))
    return max(ids) + 1


def record(config, files):
    with tempfile.TemporaryDirectory() as folder:
        for name, content in {"config.json": config, **files}.items():
            with open(f"{folder}/{name}", "w", encoding="utf-8") as file:
                file.write(content if isinstance(content, str) else json.dumps(content))
        tokenizer = AutoTokenizer.from_pretrained(folder)
    assert tokenizer.is_fast
    found = []
    for text in TEXTS:
        if max(tokenizer(text)["input_ids"]) >= rows(files):
            found.append(None)
            continue
        encoded = tokenizer(text, return_token_type_ids=True)
        own = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        pieces = [[id, units(text, begin), units(text, end)] for id, (begin, end) in zip(own["input_ids"], own["offset_mapping"])]
        ends = {key: [encoded[key][0], encoded[key][-1]] for key in ["input_ids", "token_type_ids"]}
        found.append({**ends, "pieces": pieces})
    return found


def stored(content):
    """A base by its name, with its changes; any other file as it is."""
    if isinstance(content, Changed):
        return {"base": content.base, "changes": content.changes}
    return next(({"base": name} for name, base in BASES.items() if base == content), content)


recorded = [
    {"name": name, "config": config, "files": {file: stored(content) for file, content in files.items()}, "found": record(config, files)}
    for name, config, files in cases()
]
names = [case["name"] for case in recorded]
assert len(names) == len(set(names)), "a name stands twice"
with open("recorded.json", "w", encoding="utf-8") as file:
    file.write('{"texts": ' + json.dumps(TEXTS) + ',\n"cases": [\n')
    file.write(",\n".join(json.dumps(case, separators=(",", ":")) for case in recorded))
    file.write("\n]}\n")
