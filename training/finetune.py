"""Fine-tunes a BERT encoder into a token classifier. `README.md` has the commands, times and memory.

    python finetune.py --train FILE --validation FILE --encoder DIR --out DIR [--epochs N] [--rate R]

Interrupted, the same command goes on from the last checkpoint in `--out`.
"""

import argparse
import json
import time
from pathlib import Path

import torch
from transformers import BertForTokenClassification, get_linear_schedule_with_warmup

from examples import (
    IGNORED,
    Vocabulary,
    batches,
    encode,
    entity_names,
    epoch_windows,
    label_names,
    read_records,
    windows,
)


def tensors(batch, vocabulary):
    width = max(len(ids) for ids, _ in batch) + 2
    ids = torch.zeros(len(batch), width, dtype=torch.long)
    mask = torch.zeros(len(batch), width, dtype=torch.long)
    labels = torch.full((len(batch), width), IGNORED)
    for row, (pieces, tags) in enumerate(batch):
        length = len(pieces) + 2
        ids[row, :length] = torch.tensor([vocabulary.cls, *pieces, vocabulary.sep])
        mask[row, :length] = 1
        labels[row, 1 : length - 1] = torch.tensor(tags)
    return ids, mask, labels


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


def validation_f1(model, documents, names, vocabulary):
    """Exact-span F1 with plain consecutive windows: a monitor only, `glossa eval` is the judge."""
    model.eval()
    hits = predicted = gold = 0
    with torch.no_grad():
        for document in documents:
            cut = windows(document, 126)
            ids, mask, labels = tensors(cut, vocabulary)
            best = model(input_ids=ids, attention_mask=mask).logits.argmax(-1)
            kept = labels != IGNORED
            ours = spans([names[i] for i in best[kept].tolist()])
            theirs = spans([names[i] for i in labels[kept].tolist()])
            hits, predicted, gold = hits + len(ours & theirs), predicted + len(ours), gold + len(theirs)
    model.train()
    return 2 * hits / max(1, predicted + gold)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--validation", type=Path, required=True)
    parser.add_argument("--exclude", type=Path, help="ids never to train on, one a line")
    parser.add_argument("--encoder", type=Path, required=True, help="folder with config.json, weights and vocab.txt")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--rate", type=float, default=3e-4)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--checkpoint-steps", type=int, default=200)
    options = parser.parse_args()

    torch.manual_seed(options.seed)
    options.out.mkdir(parents=True, exist_ok=True)
    vocabulary = Vocabulary(options.encoder / "vocab.txt")
    excluded = set(options.exclude.read_text().split()) if options.exclude else set()
    records = [r for r in read_records(options.train) if r["id"] not in excluded]
    names = label_names(entity_names(records))
    label_ids = {name: i for i, name in enumerate(names)}
    training = [encode(r, vocabulary, label_ids) for r in records]
    validation = [encode(r, vocabulary, label_ids) for r in read_records(options.validation)]

    model = BertForTokenClassification.from_pretrained(
        options.encoder, num_labels=len(names), id2label=dict(enumerate(names)), label2id=label_ids
    )
    model.config.attention_probs_dropout_prob = 0.1
    optimizer = torch.optim.AdamW(model.parameters(), lr=options.rate, weight_decay=0.01)
    steps_per_epoch = len(batches(epoch_windows(training, 0), options.batch))
    total = steps_per_epoch * options.epochs
    schedule = get_linear_schedule_with_warmup(optimizer, total // 10, total)

    checkpoint = options.out / "checkpoint.pt"
    first_epoch = first_step = 0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        schedule.load_state_dict(state["schedule"])
        torch.set_rng_state(state["rng"])
        first_epoch, first_step = state["epoch"], state["step"]
        print(f"resumed at epoch {first_epoch}, step {first_step}", flush=True)

    def save(epoch, step):
        torch.save(
            {
                "model": model.state_dict(),
                "optimizer": optimizer.state_dict(),
                "schedule": schedule.state_dict(),
                "rng": torch.get_rng_state(),
                "epoch": epoch,
                "step": step,
            },
            checkpoint.with_suffix(".tmp"),
        )
        checkpoint.with_suffix(".tmp").replace(checkpoint)

    model.train()
    began = time.time()
    for epoch in range(first_epoch, options.epochs):
        todo = batches(epoch_windows(training, options.seed * 1000 + epoch), options.batch)
        for step, batch in enumerate(todo):
            if step < first_step:
                continue
            ids, mask, labels = tensors(batch, vocabulary)
            loss = model(input_ids=ids, attention_mask=mask, labels=labels).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
            if step % 25 == 0:
                print(f"epoch {epoch} step {step}/{len(todo)} loss {loss.item():.4f} {time.time() - began:.0f} s", flush=True)
            if (step + 1) % options.checkpoint_steps == 0:
                save(epoch, step + 1)
        first_step = 0
        save(epoch + 1, 0)
        print(f"epoch {epoch} validation F1 {validation_f1(model, validation, names, vocabulary):.4f}", flush=True)

    model.save_pretrained(options.out)
    (options.out / "vocab.txt").write_bytes((options.encoder / "vocab.txt").read_bytes())
    (options.out / "labels.json").write_text(json.dumps(names))


if __name__ == "__main__":
    main()
