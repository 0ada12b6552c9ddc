"""Trains teachers and students on an accelerator, from corpora as flat arrays (`flat.py`) and packed encoders.

    python accelerated.py STAGE --state DIR --encoder NAME --out NAME [options]

Each stage reads models from DIR and writes its own there. `flat.py` has written DIR/corpora.npz, `networks.py` the encoders.

| stage | trains |
|---|---|
| masked | the large encoder, by masked words on all texts |
| related | the large encoder, on the related corpora with a head each |
| general | the small encoder, to give the hidden vectors and labels of `related` on all texts |
| tune | teachers: `related` on the cellular records, one a seed |
| student | the small encoder, to label as the teachers do on unlabelled sentences and as annotated on the records |
| biomedical | the small encoder, on corpora that each annotate a part of the labels |
| folder | nothing: writes the model `--encoder`, which has one head, to the folder `--out`, as `finetune.py` does |

Everything is chosen by what `--choose` names: `devel`, or `K/N`, the K-th of N folds of the training records, whose documents
are then left out of training.
"""

import argparse
import json
import math
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from examples import IGNORED, Vocabulary, label_names
from finetune import MaskedHead, mask, spans
from flat import ANNOTATED
from networks import Network, save_classifier, unpacked
from transitions import WEIGHT, log_scores

UNLABELLED = ["sentences", "trials", "arguments"]
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
# Products in bf16, where the hardware has them; elsewhere they would be slower than in f32.
BF16 = device.type == "cuda" or bool(torch.cpu.get_capabilities().get("avx512_bf16"))
began = time.time()


def say(*words):
    print(f"[{time.time() - began:6.1f} s]", *words, flush=True)


class Corpus:
    def __init__(self, arrays, name, names):
        part = {p: arrays[f"{name}.{p}"] for p in ("pieces", "labels", "cases", "starts")}
        self.name, self.names = name, names
        self.first = part["labels"] != IGNORED
        self.starts = part["starts"]
        place = np.arange(len(self.first))
        self.token_start = np.maximum.accumulate(np.where(self.first, place, 0)).tolist() if len(place) else []
        self.pieces = torch.from_numpy(part["pieces"].astype(np.int32)).to(device)
        self.labels = torch.from_numpy(part["labels"].astype(np.int64)).to(device)
        self.cases = torch.from_numpy(part["cases"].astype(np.int32)).to(device)
        self.soft = None

    def windows(self, limit, seed, documents=None):
        """`[count, 2]` of start and length: documents cut at token starts, the first window of each at a random place. Without
        a seed the cuts are fixed."""
        draw = np.random.default_rng(seed) if seed is not None else None
        cut = []
        for d in range(len(self.starts) - 1) if documents is None else documents:
            at, end = int(self.starts[d]), int(self.starts[d + 1])
            room = int(draw.integers(min(24, limit), limit + 1)) if draw is not None else limit
            while at < end:
                to = end if at + room >= end else self.token_start[at + room]
                to = to if to > at else min(end, at + room)
                cut.append((at, to - at))
                at, room = to, limit
        return np.array(cut, np.int64).reshape(-1, 2)


def gather(corpus, part):
    """The batch of windows `[start, length]`, padded to a multiple of 16."""
    width = -(-(int(part[:, 1].max()) + 2) // 16) * 16
    part = torch.from_numpy(part).to(device, non_blocking=True)
    starts, sizes = part[:, 0], part[:, 1]
    place = torch.arange(width - 2, device=device)
    inside = place[None] < sizes[:, None]
    at = (starts[:, None] + place).clamp(max=len(corpus.pieces) - 1)
    rows = len(part)

    def laid(values, outside):
        out = torch.full((rows, width), outside, device=device, dtype=torch.long)
        out[:, 1:-1] = torch.where(inside, values[at].long(), outside)
        return out

    ids = laid(corpus.pieces, 0)
    ids[:, 0] = VOCABULARY.cls
    ids.scatter_(1, (sizes + 1)[:, None], VOCABULARY.sep)
    places = torch.zeros_like(ids)
    places[:, 1:-1] = at
    return {"ids": ids, "lengths": sizes + 2, "cases": laid(corpus.cases, 0), "labels": laid(corpus.labels, IGNORED),
            "places": places, "inside": functional.pad(inside, (1, 1))}


def batches(groups, size, seed):
    """`(corpus, windows)` in a random order, batches of one corpus and of windows of similar length. `groups` has
    `(corpus, windows)`."""
    draw, todo = np.random.default_rng(seed), []
    for corpus, cut in groups:
        cut = cut[draw.permutation(len(cut))]
        for block in range(0, len(cut), size * 32):
            part = cut[block : block + size * 32]
            part = part[np.argsort(part[:, 1], kind="stable")]
            todo += [(corpus, part[i : i + size]) for i in range(0, len(part), size)]
    return [todo[i] for i in draw.permutation(len(todo))]


def recased(batch, letters, draw):
    """Some windows without capitals or with nothing but capitals, so that the model does not depend on them."""
    dice = torch.rand(len(batch["ids"]), 1, device=device, generator=draw)
    cases = torch.where(dice < 0.08, 0, batch["cases"])
    capitals = torch.where(letters[batch["ids"]] & batch["inside"], 2, 0)
    return batch | {"cases": torch.where(dice > 0.95, capitals, cases)}


def loop(network, epochs, loss_of, rate, size, seed, *, extra=None, average=0.0, after=None, warm=0.06, compiled=False):
    """Trains. `epochs` are functions from a seed to `(corpus, windows)` groups; `loss_of(network, corpus, batch)` is the
    loss; `after(network, epoch)` is called after each epoch with the moving average, if there is one. Returns the average."""
    trained = nn.ModuleDict({"network": network, **({"extra": extra} if extra is not None else {})})
    plans = [batches(make(seed * 1000 + i), size, seed * 1000 + i) for i, make in enumerate(epochs)]
    total = sum(map(len, plans))
    decayed = [p for p in trained.parameters() if p.ndim > 1]
    other = [p for p in trained.parameters() if p.ndim < 2]
    groups = [{"params": decayed, "weight_decay": 0.01}, {"params": other, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=rate, fused=True)
    # Up to the rate, then down to zero. `total` may become less.
    shape = lambda step: max(0.0, min((step + 1) / max(1, warm * total), 1 - step / total))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, shape)
    mean = torch.optim.swa_utils.AveragedModel(network, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(average)) if average else None
    draw = torch.Generator(device=device).manual_seed(seed)
    run = torch.compile(network, dynamic=True) if compiled else network
    start, pieces, total_loss = time.time(), 0, torch.zeros((), device=device)
    for epoch, plan in enumerate(plans):
        network.train()
        for corpus, part in plan:
            batch = recased(gather(corpus, part), LETTERS, draw)
            with torch.autocast(device.type, torch.bfloat16, enabled=BF16):
                loss = loss_of(run, corpus, batch)
            loss.backward()
            nn.utils.clip_grad_norm_(trained.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad(set_to_none=True)
            total_loss += loss.detach()
            if mean is not None:
                mean.update_parameters(network)
            pieces += int(part[:, 1].sum())
        speed = pieces / (time.time() - start)
        words = f"epoch {epoch + 1}/{len(plans)}: loss {total_loss.item() / len(plan):.4f}, {speed / 1000:.0f} thousand pieces/s"
        total_loss.zero_()
        if epoch == 0 and SECONDS and len(plans) > 1:
            # As many epochs as there is time for; the rate falls to zero at the last one.
            can = max(2, int(SECONDS / (time.time() - start)))
            if can < len(plans):
                del plans[can:]
                total = sum(map(len, plans))
                say(f"only {can} epochs")
        say(words, after(mean.module if mean is not None else network, epoch) if after else "")
    return mean.module if mean is not None else network


def kept_mean(losses, kept):
    """The mean where `kept` is true. Nothing is picked out, since its count would have to be waited for."""
    return (losses * kept).sum() / kept.sum().clamp(min=1)


def kept_loss(logits, batch, soft=None, weight=0.5):
    """Cross-entropy at first pieces: with the annotated labels, with `soft` ones, or with both, `weight` for the soft."""
    kept = batch["labels"] != IGNORED
    logs = logits.float().log_softmax(-1)
    target = functional.one_hot(batch["labels"].clamp(min=0), logits.shape[-1]).float()
    if soft is not None:
        target = weight * soft[batch["places"]].float() + (1 - weight) * target
    return kept_mean(-(target * logs).sum(-1), kept)


@torch.no_grad()
def soft_labels(networks, corpus, head, limit, documents=None, passes=2, size=128, sets=(slice(None),)):
    """Mean probabilities `[pieces, labels]` in f16 of the networks, over windows cut at `passes` places. Those of each label set, a
    slice of the labels, have the sum 1."""
    sums = torch.zeros(len(corpus.pieces), networks[0].heads[head].out_features, device=device)
    times = torch.zeros(len(corpus.pieces), 1, device=device)
    for network in networks:
        network.eval()
        for p in range(passes):
            cut = corpus.windows(limit, 77 + p if p else None, documents)
            for _, part in batches([(corpus, cut)], size, 0):
                batch = gather(corpus, part)
                with torch.autocast(device.type, torch.bfloat16, enabled=BF16):
                    logits = network.heads[head](network(batch))
                at = batch["places"][batch["inside"]]
                logits = logits[batch["inside"]].float()
                sums[at] += torch.cat([logits[:, place].softmax(-1) for place in sets], -1)
                times[at] += 1
    return (sums / times.clamp(min=1)).half()


def forbidden(names):
    """Scores of transitions that only forbid what `viterbi` forbids."""
    moves = np.zeros((len(names) + 1, len(names)))
    for to, name in enumerate(names):
        for of, before in enumerate([*names, "O"]):
            if name[0] == "I" and before[2:] != name[2:]:
                moves[of, to] = -np.inf
    return moves


def transitions(corpus, documents=None):
    """Scores `[labels + 1, labels]` of a label after another, the last row for the first of a document: those of
    transitions.py, and minus infinity where `I-X` does not follow `B-X` or `I-X`."""
    count = len(corpus.names)
    found = np.ones((count, count))
    labels = corpus.labels.cpu().numpy()
    for d in range(len(corpus.starts) - 1) if documents is None else documents:
        own = labels[corpus.starts[d] : corpus.starts[d + 1]]
        own = own[own != IGNORED]
        np.add.at(found, (np.concatenate([[0], own[:-1]]), own), 1)
    scores = WEIGHT * np.array(log_scores(found.tolist()))
    return np.vstack([scores, scores[0]]) + forbidden(corpus.names)


def decoded(scores, moves):
    """The likeliest labels of one document by `viterbi`."""
    best, back = scores[0] + moves[-1], []
    for row in scores[1:]:
        ways = best[:, None] + moves[:-1]
        back.append(ways.argmax(0))
        best = ways.max(0) + row
    at = [int(best.argmax())]
    for row in reversed(back):
        at.append(int(row[at[-1]]))
    return at[::-1]


def score(corpus, probabilities, moves, documents=None, only=None, names=None):
    """Exact-span F1 by `argmax` and `viterbi`, macro F1 of the tokens' labels by `viterbi`, and F1 per entity."""
    names = names or corpus.names
    logs = np.log(probabilities.float().cpu().numpy() + 1e-6)
    labels = corpus.labels.cpu().numpy()
    counts = {"argmax": np.zeros(3), "viterbi": np.zeros(3)}
    per, confusion = {}, np.zeros((len(names), len(names)))
    for d in range(len(corpus.starts) - 1) if documents is None else documents:
        here = slice(corpus.starts[d], corpus.starts[d + 1])
        kept = labels[here] != IGNORED
        rows, gold = logs[here][kept], labels[here][kept]
        if not len(gold):
            continue
        theirs = spans([corpus.names[i] for i in gold])
        for way, found in (("argmax", rows.argmax(1)), ("viterbi", decoded(rows, moves))):
            ours = {s for s in spans([names[i] for i in found]) if only is None or s[2] in only}
            counts[way] += len(ours & theirs), len(ours), len(theirs)
        for group, place in ((ours & theirs, 0), (ours, 1), (theirs, 2)):
            for _, _, entity in group:
                per.setdefault(entity, np.zeros(3))[place] += 1
        if names == corpus.names:
            np.add.at(confusion, (gold, found), 1)
    f1 = lambda c: 2 * c[0] / max(1, c[1] + c[2])
    hits = confusion.diagonal()[1:]
    macro = np.mean(2 * hits / np.maximum(1, confusion.sum(0)[1:] + confusion.sum(1)[1:]))
    v = counts["viterbi"]
    return {"viterbi": f1(v), "argmax": f1(counts["argmax"]), "precision": v[0] / max(1, v[1]), "recall": v[0] / max(1, v[2]),
            "macro": macro, "entities": {e: f1(c) for e, c in sorted(per.items())}}


def told(found):
    entities = " ".join(f"{e} {f:.3f}" for e, f in found["entities"].items())
    return (f"F1 {found['viterbi']:.4f} (argmax {found['argmax']:.4f}; P {found['precision']:.3f} R {found['recall']:.3f}), "
            f"token macro {found['macro']:.4f}; {entities}")


class Session:
    def __init__(self, options):
        arrays = np.load(options.state / "corpora.npz")
        self.names = json.loads(str(arrays["names"]))
        self.arrays, self.state, self.options, self.read = arrays, options.state, options, {}
        self.state.mkdir(parents=True, exist_ok=True)
        count = len(self["train"].starts) - 1
        every = np.random.default_rng(5).permutation(count)
        if options.choose == "devel":
            self.chosen, self.apart, self.kept = self["devel"], None, list(range(count))
        else:
            k, n = map(int, options.choose.split("/"))
            self.chosen, self.apart = self["train"], sorted(every[k - 1 :: n].tolist())
            self.kept = sorted(set(range(count)) - set(self.apart))
        self.moves = transitions(self["train"], self.kept)

    def __getitem__(self, name):
        if name not in self.read:
            self.read[name] = Corpus(self.arrays, name, self.names[name])
        return self.read[name]

    def related(self):
        """The related corpora with a head. BioNLP09 is left out: its sentences are those of the cellular records."""
        return [n for n in self.names if f"{n}-test" in self.names and n != "BioNLP09"]

    def groups(self, names, limit, seed):
        return [(self[n], self[n].windows(limit, seed, self.kept if n in ("train", "perturbed") else None)) for n in names]

    def path(self, name):
        return self.state / f"{name}.pt"

    def save(self, name, network):
        heads = {h: m.out_features for h, m in network.heads.items()}
        weights = {n: v.half() for n, v in network.state_dict().items()}
        torch.save({"weights": weights, "shape": network.bert.shape, "heads": heads}, self.path(name))

    def load(self, name, heads=None):
        """A network as saved, with new heads if they are given; an encoder as packed if nothing is saved by that name."""
        if self.path(name).exists():
            saved = torch.load(self.path(name), weights_only=False)
            weights, shape, had = {n: v.float() for n, v in saved["weights"].items()}, saved["shape"], saved["heads"]
        else:
            arrays = np.load(self.state / f"{name}.npz")
            shape = json.loads((self.state / f"{name}.json").read_text())
            weights, had = {f"bert.{n}": v for n, v in unpacked(arrays).items()}, {}
        network = Network(shape, had if heads is None else heads)
        own = network.state_dict()
        network.load_state_dict({n: v for n, v in weights.items() if n in own and own[n].shape == v.shape}, strict=False)
        return network.to(device)

    def chosen_score(self, networks, limit):
        probabilities = soft_labels(networks, self.chosen, "cellular", limit, self.apart)
        return score(self.chosen, probabilities, self.moves, self.apart)


def masked(session, options):
    """Masked words on all texts."""
    network = session.load(options.encoder, {})
    head = MaskedHead(network.bert.embeddings["word_embeddings"]).to(device)

    def loss_of(run, corpus, batch):
        inputs = {"input_ids": batch["ids"], "attention_mask": batch["inside"]}
        seen, wanted = mask(inputs, batch["labels"], VOCABULARY)
        hidden = wanted != IGNORED
        return functional.cross_entropy(head(run(batch | {"ids": seen["input_ids"]})[hidden]).float(), wanted[hidden])

    texts = [*UNLABELLED, "train"]
    epochs = [lambda seed: session.groups(texts, options.limit, seed)] * options.epochs
    network = loop(network, epochs, loss_of, options.rate, options.batch, options.seed, extra=head, compiled=options.compiled)
    session.save(options.out, network)


def related(session, options):
    names = session.related()
    network = session.load(options.encoder, {n: len(session.names[n]) for n in names})

    def after(network, epoch):
        if epoch + 1 < options.epochs:
            return ""
        found = {}
        for n in names:
            held = session[f"{n}-validation"]
            probabilities = soft_labels([network], held, n, options.limit)
            found[n] = score(held, probabilities, transitions(session[n]))["viterbi"]
        return "; ".join(f"{n} {f:.3f}" for n, f in found.items())

    loss_of = lambda run, corpus, batch: kept_loss(network.heads[corpus.name](run(batch)), batch)
    epochs = [lambda seed: session.groups(names, options.limit, seed)] * options.epochs
    network = loop(network, epochs, loss_of, options.rate, options.batch, options.seed, average=options.average, after=after, compiled=options.compiled)
    session.save(options.out, network)


def tune(session, options):
    """Teachers: a fine-tuned network a seed, and the F1 of their ensemble."""
    made = []
    for seed in range(options.seed, options.seed + options.seeds):
        network = session.load(options.encoder, {"cellular": len(session["train"].names)})
        loss_of = lambda run, corpus, batch: kept_loss(network.heads["cellular"](run(batch)), batch)
        epochs = [lambda seed: session.groups(["train", "perturbed"][: 1 + options.perturbed], options.limit, seed)] * options.epochs
        after = lambda network, epoch: told(session.chosen_score([network], options.limit)) if options.told else ""
        made.append(loop(network, epochs, loss_of, options.rate, options.batch, seed, average=options.average, after=after, compiled=options.compiled))
        session.save(f"{options.out}-{seed}", made[-1])
    say("ensemble", told(session.chosen_score(made, options.limit)))


def general(session, options):
    """The small encoder learns the large one's hidden vectors and the labels of all its heads, on all texts."""
    names = session.related()
    teacher = session.load(options.teacher[0]).eval()
    student = session.load(options.encoder, {n: len(session.names[n]) for n in names})
    wide = nn.Linear(student.bert.shape["hidden_size"], teacher.bert.shape["hidden_size"]).to(device)
    norm = lambda v: functional.layer_norm(v.float(), v.shape[-1:])

    def loss_of(run, corpus, batch):
        with torch.no_grad():
            seen = teacher(batch)
        out, inside, kept = run(batch), batch["inside"], batch["labels"] != IGNORED
        loss = kept_mean((wide(out).float() - norm(seen)).square().mean(-1), inside)
        for name in names:
            want = teacher.heads[name](seen).float().softmax(-1)
            logs = student.heads[name](out).float().log_softmax(-1)
            loss = loss + kept_mean(-(want * logs).sum(-1), kept) / len(names)
        return loss

    epochs = [lambda seed: session.groups([*UNLABELLED, "train"], 126, seed)] * options.epochs
    student = loop(student, epochs, loss_of, options.rate, options.batch, options.seed, extra=wide, average=options.average, compiled=options.compiled)
    session.save(options.out, student)


def student(session, options):
    teachers = [session.load(name) for name in options.teacher]
    texts = options.texts.split(",")
    own = ["train", "perturbed"]
    for name in [*texts, *own]:
        session[name].soft = soft_labels(teachers, session[name], "cellular", options.limit, session.kept if name in own else None)
    del teachers
    say("labelled")
    best = []
    for seed in range(options.seed, options.seed + options.seeds):
        network = session.load(options.encoder, {"cellular": len(session["train"].names)})

        def loss_of(run, corpus, batch):
            logits = network.heads["cellular"](run(batch))
            return kept_loss(logits, batch, corpus.soft, options.soft if corpus.name in own else 1.0)

        def epoch(seed):
            groups = session.groups(texts, 126, seed)
            for i in range(options.repeat):
                groups += session.groups(["train"], 126, seed + i)
            return groups + session.groups(["perturbed"], 126, seed)

        def after(network, number):
            if number + 1 < options.epochs and not options.told:
                return ""
            return told(session.chosen_score([network], 126))

        network = loop(network, [epoch] * options.epochs, loss_of, options.rate, options.batch, seed, average=options.average, after=after, compiled=options.compiled)
        session.save(f"{options.out}-{seed}", network)
        best.append(network)
    if len(best) > 1:
        say("ensemble", told(session.chosen_score(best, 126)))
        weights = [n.state_dict() for n in best]
        best[0].load_state_dict({n: sum(w[n] for w in weights) / len(weights) for n in weights[0]})
        say("average", told(session.chosen_score(best[:1], 126)))
        session.save(f"{options.out}-average", best[0])
    if session.apart is None:
        for name in session.names:
            if name.startswith("devel-"):
                probabilities = soft_labels(best[:1], session[name], "cellular", 126)
                say(name, told(score(session[name], probabilities, session.moves)))


# How often an epoch reads a corpus, if not once: less for sparse ones and those with more text than entities of interest.
SHARES = {"BC2GM": 0.5, "BC5CDR": 2, "CRAFT": 0.25, "NCBI-disease": 2, "linnaeus": 0.4}
# Entities of one label set exclude each other; those of different sets may overlap, as a tumour is anatomy and a disease.
LABEL_SETS = [["Chemical", "Disease", "Gene", "Species"], ["Anatomy"]]


def set_columns():
    """The names of all labels, and of each label set its slice of them."""
    names, slices = [], []
    for entities in LABEL_SETS:
        of = label_names(entities)
        slices.append(slice(len(names), len(names) + len(of)))
        names += of
    return names, slices


def allowed(corpus):
    """For each label set of which the corpus annotates something, its slice and `[corpus labels, columns]`: which columns may be
    true where the corpus has a label. Without one, any entity may be there that the corpus does not annotate."""
    names, slices = set_columns()
    known, found = ANNOTATED[corpus.name], []
    for entities, place in zip(LABEL_SETS, slices):
        if not set(known.values()) & set(entities):
            continue
        of = names[place]
        unknown = [n == "O" or n[2:] not in known.values() for n in of]
        rows = []
        for label in corpus.names:
            entity = known.get(label[2:])
            rows.append([n == f"{label[:2]}{entity}" for n in of] if entity in entities else unknown)
        found.append((place, torch.tensor(rows, device=device)))
    return found


def biomedical(session, options):
    """One encoder and label sets, from corpora that each annotate a part of them. The loss is the logarithm of what the
    labels that may be true have together (Tsuboi et al., COLING 2008, for tokens one by one)."""
    names, slices = set_columns()
    network = session.load(options.encoder, {"biomedical": len(names)})
    ways = {name: allowed(session[name]) for name in ANNOTATED}

    def loss_of(run, corpus, batch):
        logits, kept = network.heads["biomedical"](run(batch)).float(), batch["labels"] != IGNORED
        loss = 0
        for place, rows in ways[corpus.name]:
            logs = logits[..., place].log_softmax(-1)
            logs = logs.masked_fill(~rows[batch["labels"].clamp(min=0)], -1e4)
            loss = loss - kept_mean(logs.logsumexp(-1), kept)
        return loss

    def epoch(seed):
        draw, groups = np.random.default_rng(seed), []
        for name in ANNOTATED:
            share = SHARES.get(name, 1)
            for i in range(math.ceil(share)):
                cut = session[name].windows(126, seed + i)
                groups.append((session[name], cut[draw.random(len(cut)) < share - i]))
        return groups

    def scores(network, part):
        found = []
        for name, known in ANNOTATED.items():
            held = session[f"{name}-{part}"]
            probabilities = soft_labels([network], held, "biomedical", 126, passes=1, sets=slices)
            for place, entities in zip(slices, LABEL_SETS):
                for own, entity in known.items():
                    if entity not in entities:
                        continue
                    moves = forbidden(names[place])
                    renamed = Corpus(session.arrays, held.name, [f"{x[:2]}{entity}" if x[2:] == own else x if x == "O" else f"{x[:2]}?{x}" for x in held.names])
                    f1 = score(renamed, probabilities[:, place], moves, only={entity}, names=names[place])["entities"]
                    found.append(f"{name} {entity} {f1.get(entity, 0):.4f}")
        return "; ".join(found)

    def after(network, number):
        session.save(options.out, network)
        return scores(network, "validation")

    network = loop(network, [epoch] * options.epochs, loss_of, options.rate, options.batch, options.seed, average=options.average, after=after, compiled=options.compiled)
    session.save(options.out, network)
    say("test:", scores(network, "test"))


def folder(session, options):
    network = session.load(options.encoder).cpu()
    ((head, layer),) = network.heads.items()
    sets = [label_names(entities) for entities in LABEL_SETS] if head == "biomedical" else [session["train"].names]
    weights = {n: v for n, v in network.state_dict().items() if not n.startswith("heads.")}
    weights |= {"classifier.weight": layer.weight.detach(), "classifier.bias": layer.bias.detach()}
    save_classifier(weights, network.bert.shape, sets, options.state / "vocab.txt", Path(options.out))


STAGES = {f.__name__: f for f in (masked, related, general, tune, student, biomedical, folder)}


def main():
    global LETTERS, SECONDS, VOCABULARY
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stage", choices=STAGES)
    parser.add_argument("--state", type=Path, required=True, metavar="DIR")
    parser.add_argument("--encoder", required=True, help="the model to start from, by its name in the state")
    parser.add_argument("--teacher", action="append", default=[], help="a model of the state")
    parser.add_argument("--out", required=True, help="the name of what is made, in the state")
    parser.add_argument("--choose", default="devel", help="devel, or K/N for the K-th of N folds")
    parser.add_argument("--texts", default=",".join(UNLABELLED), help="the texts that the teachers label")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--rate", type=float, default=5e-5)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--average", type=float, default=0.0, help="decay of a moving average of the weights, which is saved instead")
    parser.add_argument("--limit", type=int, default=254, help="word pieces of a teacher's window")
    parser.add_argument("--perturbed", type=int, default=1, help="1: teachers read rewritten records too; 0: they do not")
    parser.add_argument("--repeat", type=int, default=1, help="times that an epoch reads the records")
    parser.add_argument("--soft", type=float, default=0.5, help="the share of the teachers' labels on the records")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=0, help="fewer epochs if they would take longer")
    parser.add_argument("--compiled", action="store_true", help="by torch.compile")
    parser.add_argument("--told", action="store_true", help="tell the scores after every epoch")
    options = parser.parse_args()
    SECONDS = options.seconds
    torch.manual_seed(options.seed)
    torch.set_float32_matmul_precision("high")
    VOCABULARY = Vocabulary(options.state / "vocab.txt")
    # By id; encoders may have more rows than the vocabulary.
    LETTERS = torch.zeros(max(VOCABULARY.ids.values()) + 9, dtype=torch.bool, device=device)
    for piece, i in VOCABULARY.ids.items():
        LETTERS[i] = piece[0] != "[" and any(c.isalpha() for c in piece)
    say(options.stage, options.out)
    STAGES[options.stage](Session(options), options)
    say("done")


if __name__ == "__main__":
    main()
