"""Trains a BERT encoder as a token classifier. `README.md` has the commands, times and memory.

    python finetune.py --train FILE [--validation FILE] --encoder DIR --out DIR [--epochs N] [--rate R]
                       [--related FILE[:SHARE] …] [--masked FILE[:SHARE] …]
                       [--teacher DIR … [--unlabelled FILE[:SHARE] …]] [--quantised N]

Corpora named by `--related` share the encoder but have a head each, which is not kept. Of the sentences of `--masked` the
encoder learns to tell words that are hidden from it. With `--teacher`, a model of the same labels and any encoder with
the same vocabulary, half of what is learned is that model's opinion, of several teachers the mean, and sentences of
`--unlabelled` are learned from that alone (Hinton et al., "Distilling the knowledge in a neural network", 2015).
Interrupted, the same command goes on from the last checkpoint in `--out`.
"""

import argparse
import json
import random
import time
from pathlib import Path

import torch
from transformers import BertForTokenClassification, get_linear_schedule_with_warmup

from examples import (
    IGNORED,
    Vocabulary,
    batches,
    documents,
    entity_names,
    epoch_windows,
    label_names,
    read_records,
    read_sentences,
    windows,
)
from spark_text import CASES


def load(encoder, names):
    """The encoder with a head for `names`, a new one if it has another; its segment table grows to one row a case, copies of the first."""
    settings = dict(num_labels=len(names), id2label=dict(enumerate(names)), label2id={n: i for i, n in enumerate(names)})
    model = BertForTokenClassification.from_pretrained(
        encoder, attn_implementation="eager", ignore_mismatched_sizes=True, **settings
    )
    table = model.bert.embeddings.token_type_embeddings
    if table.num_embeddings < CASES:
        rows = table.weight.data[:1].repeat(CASES, 1)
        model.bert.embeddings.token_type_embeddings = torch.nn.Embedding.from_pretrained(rows, freeze=False)
        model.config.type_vocab_size = CASES
    return model


def tensors(batch, vocabulary):
    width = max(len(ids) for ids, *_ in batch) + 2
    ids = torch.zeros(len(batch), width, dtype=torch.long)
    mask, segments = torch.zeros_like(ids), torch.zeros_like(ids)
    labels = torch.full_like(ids, IGNORED)
    for row, (pieces, tags, cases) in enumerate(batch):
        length = len(pieces) + 2
        ids[row, :length] = torch.tensor([vocabulary.cls, *pieces, vocabulary.sep])
        mask[row, :length] = 1
        labels[row, 1 : length - 1] = torch.tensor(tags)
        segments[row, 1 : length - 1] = torch.tensor(cases)
    return dict(input_ids=ids, attention_mask=mask, token_type_ids=segments), labels


def spans(labels):
    """IOB labels to `{(first, end, entity)}` by NerConverter's rule: only `B-*` and `O` close an entity."""
    found, start, entity = set(), 0, None
    for i, label in enumerate([*labels, "O"]):
        if entity is not None and (label == "O" or label.startswith("B-")):
            found.add((start, i, entity))
            entity = None
        if entity is None and label != "O":
            start, entity = i, label[2:]
    return found


def validation_f1(model, validation, names, vocabulary):
    """Exact-span F1 with plain consecutive windows: a monitor only, `glossa eval` is the judge."""
    model.eval()
    hits = predicted = gold = 0
    with torch.no_grad():
        for document in validation:
            inputs, labels = tensors(windows(document, 126), vocabulary)
            best = model(**inputs).logits.argmax(-1)
            kept = labels != IGNORED
            ours = spans([names[i] for i in best[kept].tolist()])
            theirs = spans([names[i] for i in labels[kept].tolist()])
            hits, predicted, gold = hits + len(ours & theirs), predicted + len(ours), gold + len(theirs)
    model.train()
    return 2 * hits / max(1, predicted + gold)


class QuantisedLinear(torch.nn.Linear):
    """A linear layer that rounds as the engine does: weights to int8, one scale an output; each row of its input to 7 bits
    between its least and its largest value. Gradients pass as if nothing were rounded."""

    def forward(self, values):
        scales = self.weight.detach().abs().amax(1).clamp(min=1e-12) / 127
        zeros = torch.zeros_like(scales, dtype=torch.int32)
        weights = torch.fake_quantize_per_channel_affine(self.weight, scales, zeros, 0, -127, 127)
        rows = values.reshape(-1, values.shape[-1])
        least, largest = rows.detach().aminmax(dim=1)
        scales = (largest - least).clamp(min=1e-12) / 127
        rounded = torch.fake_quantize_per_channel_affine(rows, scales, -least / scales, 0, 0, 127)
        return torch.nn.functional.linear(rounded.reshape(values.shape), weights, self.bias)


def quantise(model):
    for layer in model.modules():
        if type(layer) is torch.nn.Linear:
            layer.__class__ = QuantisedLinear


class MaskedHead(torch.nn.Module):
    """Hidden vectors to logits over the vocabulary, by BERT's masked language model: its table is that of the embeddings."""

    def __init__(self, embeddings):
        super().__init__()
        size, width = embeddings.weight.shape
        self.transform = torch.nn.Sequential(torch.nn.Linear(width, width), torch.nn.GELU(), torch.nn.LayerNorm(width))
        self.bias = torch.nn.Parameter(torch.zeros(size))
        self.table = [embeddings]

    def forward(self, hidden):
        return torch.nn.functional.linear(self.transform(hidden), self.table[0].weight, self.bias)


def mask(inputs, labels, vocabulary):
    """Hides whole tokens, 15 % of them: 80 % behind `[MASK]`, 10 % behind other pieces, 10 % not at all (Devlin et al.,
    "BERT", 2019). Returns the inputs, and as labels the pieces that stood there."""
    ids = inputs["input_ids"]
    first = labels != IGNORED
    chosen, chance = torch.rand(ids.shape) < 0.15, torch.rand(ids.shape)
    # What befalls a token's first piece befalls the pieces up to the next token's.
    token = first.long().cumsum(1)
    places = torch.where(first, torch.arange(ids.shape[1]), 0).cummax(1).values
    hidden = chosen.gather(1, places) & (token > 0) & inputs["attention_mask"].bool() & (ids != vocabulary.sep)
    chance = chance.gather(1, places)
    masked = torch.where(hidden & (chance < 0.8), vocabulary.mask, ids)
    masked = torch.where(hidden & (chance >= 0.9), torch.randint(len(vocabulary.ids), ids.shape), masked)
    return inputs | {"input_ids": masked}, torch.where(hidden, ids, IGNORED)


class Corpus:
    """Training documents with the labels of their own head; `share` of them are read in an epoch. A `.txt` file has
    sentences, one a line, and no labels."""

    def __init__(self, path, vocabulary, share=1.0, excluded=()):
        if path.suffix == ".txt":
            records = read_sentences(path)
        else:
            records = [r for r in read_records(path) if r.get("id") not in excluded]
        self.names = label_names(entity_names(records))
        self.documents = documents(records, vocabulary, {name: i for i, name in enumerate(self.names)})
        self.share = share

    def epoch(self, seed):
        drawn = random.Random(seed).sample(self.documents, round(self.share * len(self.documents)))
        return epoch_windows(drawn, seed)


def epoch_batches(corpora, seed, size):
    """`(corpus index, batch)` of one epoch: no batch mixes corpora, their order is random but fixed by `seed`."""
    todo = [(i, b) for i, corpus in enumerate(corpora) for b in batches(corpus.epoch(seed), size)]
    random.Random(seed).shuffle(todo)
    return todo


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--validation", type=Path, help="records to print a figure for after each epoch")
    parser.add_argument("--exclude", type=Path, help="ids never to train on, one a line")
    parser.add_argument("--related", action="append", default=[], metavar="FILE[:SHARE]", help="a corpus with its own head")
    parser.add_argument("--masked", action="append", default=[], metavar="FILE[:SHARE]", help="sentences, one a line")
    parser.add_argument("--teacher", action="append", default=[], type=Path, help="a model of finetune.py or average.py")
    parser.add_argument("--unlabelled", action="append", default=[], metavar="FILE[:SHARE]", help="sentences, one a line")
    parser.add_argument("--quantised", type=int, default=0, metavar="N", help="round as the engine will in the last N epochs")
    parser.add_argument("--encoder", type=Path, required=True, help="folder with config.json, weights and vocab.txt")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--rate", type=float, default=3e-4)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--average", type=float, default=0.0, help="decay of a running average of the weights, kept instead")
    parser.add_argument("--attention-dropout", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--checkpoint-steps", type=int, default=200)
    options = parser.parse_args()

    torch.manual_seed(options.seed)
    torch.set_float32_matmul_precision("medium")
    torch.backends.mkldnn.matmul.fp32_precision = "bf16"
    options.out.mkdir(parents=True, exist_ok=True)
    vocabulary = Vocabulary(options.encoder / "vocab.txt")
    if options.unlabelled and not options.teacher:
        parser.error("--unlabelled needs a --teacher")
    excluded = set(options.exclude.read_text().split()) if options.exclude else set()
    corpora = [Corpus(options.train, vocabulary, excluded=excluded)]
    kinds = ["own"]
    for kind in ("related", "masked", "unlabelled"):
        for item in getattr(options, kind):
            path, _, share = item.partition(":")
            corpora.append(Corpus(Path(path), vocabulary, float(share or 1)))
            kinds.append(kind)
    names = corpora[0].names
    held_out = read_records(options.validation) if options.validation else []
    validation = documents(held_out, vocabulary, {name: i for i, name in enumerate(names)})

    model = load(options.encoder, names)
    for layer in model.bert.encoder.layer:
        layer.attention.self.dropout.p = options.attention_dropout
    heads = torch.nn.ModuleDict()
    for i, (kind, corpus) in enumerate(zip(kinds, corpora)):
        if kind == "related":
            heads[str(i)] = torch.nn.Linear(model.config.hidden_size, len(corpus.names))
        if kind == "masked":
            heads[str(i)] = MaskedHead(model.bert.embeddings.word_embeddings)
    teachers = [load(teacher, names).eval() for teacher in options.teacher]
    trained = torch.nn.ModuleDict({"model": model, "heads": heads})
    average = torch.optim.swa_utils.AveragedModel(
        model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(options.average)
    )
    optimizer = torch.optim.AdamW(trained.parameters(), lr=options.rate, weight_decay=0.01, fused=True)
    total = options.epochs * len(epoch_batches(corpora, options.seed * 1000, options.batch))
    schedule = get_linear_schedule_with_warmup(optimizer, total // 10, total)
    states = {"trained": trained, "average": average, "optimizer": optimizer, "schedule": schedule}

    checkpoint = options.out / "checkpoint.pt"
    first_epoch = first_step = 0
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        for name, part in states.items():
            part.load_state_dict(saved[name])
        torch.set_rng_state(saved["rng"])
        first_epoch, first_step = saved["epoch"], saved["step"]
        print(f"resumed at epoch {first_epoch}, step {first_step}", flush=True)

    def save(epoch, step):
        saved = {name: part.state_dict() for name, part in states.items()}
        saved |= {"rng": torch.get_rng_state(), "epoch": epoch, "step": step}
        torch.save(saved, checkpoint.with_suffix(".tmp"))
        checkpoint.with_suffix(".tmp").replace(checkpoint)

    trained.train()
    began, pieces = time.time(), 0
    for epoch in range(first_epoch, options.epochs):
        if epoch >= options.epochs - options.quantised:
            quantise(model)
        todo = epoch_batches(corpora, options.seed * 1000 + epoch, options.batch)
        for step, (corpus, batch) in enumerate(todo):
            if step < first_step:
                continue
            inputs, labels = tensors(batch, vocabulary)
            kind = kinds[corpus]
            if kind == "masked":
                inputs, labels = mask(inputs, labels, vocabulary)
            kept = labels != IGNORED
            hidden = model.dropout(model.bert(**inputs).last_hidden_state[kept])
            head = heads[str(corpus)] if kind in ("related", "masked") else model.classifier
            wanted = labels[kept]
            if teachers and head is model.classifier:
                with torch.no_grad():
                    opinions = [teacher(**inputs).logits[kept].softmax(-1) for teacher in teachers]
                opinion = sum(opinions) / len(opinions)
                gold = torch.nn.functional.one_hot(wanted, len(names))
                wanted = (gold + opinion) / 2 if kind == "own" else opinion
            loss = torch.nn.functional.cross_entropy(head(hidden), wanted)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(trained.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
            average.update_parameters(model)
            pieces += int(inputs["attention_mask"].sum())
            if step % 25 == 0:
                rate = pieces / (time.time() - began)
                print(f"epoch {epoch} step {step}/{len(todo)} loss {loss.item():.4f}, {rate:.0f} pieces/s", flush=True)
            if (step + 1) % options.checkpoint_steps == 0:
                save(epoch, step + 1)
        first_step = 0
        save(epoch + 1, 0)
        if validation:
            figures = [validation_f1(m, validation, names, vocabulary) for m in (model, average.module)]
            print(f"epoch {epoch} validation F1 {figures[0]:.4f}, of the average {figures[1]:.4f}", flush=True)

    (average.module if options.average else model).save_pretrained(options.out)
    (options.out / "vocab.txt").write_bytes((options.encoder / "vocab.txt").read_bytes())
    (options.out / "labels.json").write_text(json.dumps(names))


if __name__ == "__main__":
    main()
