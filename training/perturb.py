"""Rewrites records as texts come from journals, PDFs and other writers: for training and to measure what it costs.

    python perturb.py --kind KIND --out FILE.jsonl [--chance P] [--seed N] RECORDS.jsonl

Each kind replaces spans of the text; the entities move along. `KINDS` lists them.
"""

import argparse
import json
import random
import re
from pathlib import Path

from examples import read_records

GREEK = dict(zip("α β γ δ ε ζ η θ κ λ μ ν π σ τ φ χ ψ ω".split(), (
    "alpha beta gamma delta epsilon zeta eta theta kappa lambda mu nu pi sigma tau phi chi psi omega").split()))
SPELT = {name: letter for letter, name in GREEK.items()}
# mu, nu, pi, eta, chi, psi are also parts of words and abbreviations: only the unmistakable names are replaced.
_SPELT = re.compile(r"(?<![A-Za-z])(alpha|beta|gamma|delta|epsilon|kappa|lambda|sigma|omega)(?![a-z])")
_GREEK = re.compile(f"[{''.join(GREEK)}]")
BRITISH = {
    "tumor": "tumour", "leukemi": "leukaemi", "anemi": "anaemi", "hemoglobin": "haemoglobin", "hematopoie": "haematopoie",
    "hematolog": "haematolog", "hemorrhag": "haemorrhag", "hemato": "haemato", "ischemi": "ischaemi", "estrogen": "oestrogen",
    "estradiol": "oestradiol", "esophag": "oesophag", "edema": "oedema", "pediatric": "paediatric", "diarrhea": "diarrhoea",
    "signaling": "signalling", "labeled": "labelled", "labeling": "labelling", "modeling": "modelling", "fiber": "fibre",
    "center": "centre", "color": "colour", "behavior": "behaviour", "favor": "favour", "analyz": "analys",
    "characteriz": "characteris", "organiz": "organis", "localiz": "localis", "stabiliz": "stabilis", "immuniz": "immunis",
    "utiliz": "utilis", "randomiz": "randomis", "hybridiz": "hybridis", "neutraliz": "neutralis", "sulfate": "sulphate",
    "sulfur": "sulphur", "glycemi": "glycaemi", "fetal": "foetal", "gynecolog": "gynaecolog", "anesthe": "anaesthe",
}
_BRITISH = re.compile("|".join(sorted(BRITISH, key=len, reverse=True)), re.IGNORECASE)
INVISIBLE = "\u00ad\u200b\u200c\u200d\ufeff"


def _spelling(match):
    word = BRITISH[match[0].lower()]
    return word.capitalize() if match[0][0].isupper() else word


def hyphens(text, chance):
    """Words broken by a hyphen at the end of a line."""
    for match in re.finditer(r"[a-z]{8,}", text):
        if chance():
            at = match.start() + len(match[0]) // 2
            yield at, at, "-\n"


def invisible(text, chance):
    """Soft hyphens, zero-width characters and spaces that do not break, as text copied from a page or a PDF has."""
    for at, c in enumerate(text):
        if c == " " and chance():
            yield at, at + 1, "\u00a0"
        elif c.isalpha() and at and text[at - 1].isalpha() and chance():
            yield at, at, INVISIBLE[at % len(INVISIBLE)]


def capitals(text, chance):
    """Capitals throughout."""
    for at, c in enumerate(text):
        if c.upper() != c and len(c.upper()) == 1:
            yield at, at + 1, c.upper()


def small(text, chance):
    """No capitals at all."""
    for at, c in enumerate(text):
        if c.lower() != c and len(c.lower()) == 1:
            yield at, at + 1, c.lower()


def spaces(text, chance):
    """Missing spaces after and before punctuation."""
    for match in re.finditer(r"(?<=[.,;:)%]) (?=\w)|(?<=\w) (?=\()", text):
        if chance():
            yield match.start(), match.end(), ""


def greek(text, chance):
    """Greek letters for their names, and names for Greek letters."""
    for match in _SPELT.finditer(text):
        yield match.start(), match.end(), SPELT[match[0]]
    for match in _GREEK.finditer(text):
        yield match.start(), match.end(), GREEK[match[0]]


def british(text, chance):
    """British spelling."""
    for match in _BRITISH.finditer(text):
        yield match.start(), match.end(), _spelling(match)


def numbers(text, chance):
    """Numbers as some journals print them: a raised point, a minus sign, thin spaces between groups of digits."""
    for match in re.finditer(r"(?<=\d)[.,](?=\d)|(?<![\w)])-(?=\d)", text):
        if match[0] == "-":
            yield match.start(), match.end(), "\u2212"
        elif match[0] == ".":
            yield match.start(), match.end(), "·"
        elif re.match(r"\d{3}(?!\d)", text[match.end() :]):
            yield match.start(), match.end(), "\u2009"


KINDS = {f.__name__: (f, share) for f, share in (
    (hyphens, 0.2), (invisible, 0.05), (capitals, 1), (small, 1), (spaces, 0.5), (greek, 1), (british, 1), (numbers, 1))}


def perturbed(record, kind, seed, share=None):
    """The record `{text, entities}` rewritten by one kind; `share` of the places where it can be, are."""
    rewrite, usual = KINDS[kind]
    draw = random.Random(f"{seed} {record.get('id')} {kind}")
    share = usual if share is None else share
    edits = sorted(set(rewrite(record["text"], lambda: draw.random() < share)))
    text, parts, moved, shift, at = record["text"], [], [], 0, 0
    for begin, end, new in edits:
        parts += [text[at:begin], new]
        shift += len(new) - (end - begin)
        at = end
        moved.append((begin, end, shift))

    def place(offset, is_end):
        by = 0
        for begin, end, after in moved:
            # What is inserted at a begin stands before the entity, at an end after it.
            if end < offset or (end == offset and (begin < end or not is_end)):
                by = after
            elif begin < offset:
                return (end if is_end else begin) + (after if is_end else by)
            else:
                break
        return offset + by

    entities = [[place(b, False), place(e, True), *rest] for b, e, *rest in record["entities"]]
    return {"id": record.get("id"), "text": "".join([*parts, text[at:]]), "entities": entities}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("records", type=Path, metavar="RECORDS")
    parser.add_argument("--kind", choices=KINDS, required=True)
    parser.add_argument("--chance", type=float, help="the share of the places where it can be done; by default the kind's own")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    rewritten = [perturbed(r, options.kind, options.seed, options.chance) for r in read_records(options.records)]
    options.out.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rewritten), encoding="utf-8")


if __name__ == "__main__":
    main()
