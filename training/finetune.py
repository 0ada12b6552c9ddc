"""Fine-tunes a BERT encoder as a token classifier. `README.md` has the commands, times and memory.

    python finetune.py --train FILE [--validation FILE] --encoder DIR --out DIR [--epochs N] [--rate R]
                       [--related FILE[:SHARE] …] [--masked FILE[:SHARE] …]
                       [--teacher DIR … [--unlabelled FILE[:SHARE] …]] [--quantised N]

Corpora given by `--related` share the encoder but have a head each, which is discarded. Sentences of `--masked` are for masked
language modelling. With `--teacher`, a model with the same labels and vocabulary, half of the target is the teacher's output
(of several teachers, the mean), and for sentences of `--unlabelled` all of it (Hinton et al., "Distilling the knowledge in a
neural network", 2015). After an interruption, the same command resumes from the last checkpoint in `--out`.
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
    """Loads the encoder with a head for the labels `names`, newly initialised if it has no such head. The table of token types
    is extended to one row per case, all copies of the first."""
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
    mask, token_types = torch.zeros_like(ids), torch.zeros_like(ids)
    labels = torch.full_like(ids, IGNORED)
    for row, (pieces, tags, cases) in enumerate(batch):
        length = len(pieces) + 2
        ids[row, :length] = torch.tensor([vocabulary.cls, *pieces, vocabulary.sep])
        mask[row, :length] = 1
        labels[row, 1 : length - 1] = torch.tensor(tags)
        token_types[row, 1 : length - 1] = torch.tensor(cases)
    return dict(input_ids=ids, attention_mask=mask, token_type_ids=token_types), labels


def spans(labels):
    """Joins IOB labels into `{(first, end, entity)}`, as NerConverter does: only `B-*` and `O` end an entity."""
    found, start, entity = set(), 0, None
    for i, label in enumerate([*labels, "O"]):
        if entity is not None and (label == "O" or label.startswith("B-")):
            found.add((start, i, entity))
            entity = None
        if entity is None and label != "O":
            start, entity = i, label[2:]
    return found


def validation_f1(model, validation, names, vocabulary):
    """Exact-span F1 with windows that do not overlap. Only for monitoring; the reported scores are those of `glossa eval`."""
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
    """A linear layer with the engine's rounding, for quantisation-aware training: weights to int8 with one scale per output,
    each input row to 7 bits between its minimum and maximum. Gradients use the straight-through estimator."""

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
    """BERT's head for masked language modelling: hidden vectors to logits over the vocabulary, with tied embeddings."""

    def __init__(self, embeddings):
        super().__init__()
        size, width = embeddings.weight.shape
        self.transform = torch.nn.Sequential(torch.nn.Linear(width, width), torch.nn.GELU(), torch.nn.LayerNorm(width))
        self.bias = torch.nn.Parameter(torch.zeros(size))
        self.table = [embeddings]

    def forward(self, hidden):
        return torch.nn.functional.linear(self.transform(hidden), self.table[0].weight, self.bias)


def mask(inputs, labels, vocabulary):
    """Whole-word masking of 15 % of the tokens: 80 % become `[MASK]`, 10 % random pieces, 10 % stay as they are (Devlin et
    al., "BERT", 2019). Returns the inputs, and the original pieces as labels."""
    ids = inputs["input_ids"]
    first = labels != IGNORED
    chosen, chance = torch.rand(ids.shape, device=ids.device) < 0.15, torch.rand(ids.shape, device=ids.device)
    # All pieces of a token share the draw of its first piece.
    token = first.long().cumsum(1)
    places = torch.where(first, torch.arange(ids.shape[1], device=ids.device), 0).cummax(1).values
    hidden = chosen.gather(1, places) & (token > 0) & inputs["attention_mask"].bool() & (ids != vocabulary.sep)
    chance = chance.gather(1, places)
    masked = torch.where(hidden & (chance < 0.8), vocabulary.mask, ids)
    masked = torch.where(hidden & (chance >= 0.9), torch.randint(len(vocabulary.ids), ids.shape, device=ids.device), masked)
    return inputs | {"input_ids": masked}, torch.where(hidden, ids, IGNORED)


class Corpus:
    """Training documents with the labels of their head; each epoch reads a random `share` of them. A `.txt` file has one
    sentence per line and no labels."""

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
    """The batches of an epoch as `(corpus index, batch)`. No batch mixes corpora; the order is shuffled by `seed`."""
    todo = [(i, b) for i, corpus in enumerate(corpora) for b in batches(corpus.epoch(seed), size)]
    random.Random(seed).shuffle(todo)
    return todo


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--validation", type=Path, help="records to print F1 for after each epoch")
    parser.add_argument("--exclude", type=Path, help="ids of records to leave out, one per line")
    parser.add_argument("--related", action="append", default=[], metavar="FILE[:SHARE]", help="a corpus with a separate head")
    parser.add_argument("--masked", action="append", default=[], metavar="FILE[:SHARE]", help="sentences, one per line")
    parser.add_argument("--teacher", action="append", default=[], type=Path, help="a model written by finetune.py or average.py")
    parser.add_argument("--unlabelled", action="append", default=[], metavar="FILE[:SHARE]", help="sentences, one per line")
    parser.add_argument("--quantised", type=int, default=0, metavar="N", help="quantisation-aware training in the last N epochs")
    parser.add_argument("--encoder", type=Path, required=True, help="folder with config.json, weights and vocab.txt")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--rate", type=float, default=3e-4)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--average", type=float, default=0.0, help="decay of a moving average of the weights, which is saved instead")
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
