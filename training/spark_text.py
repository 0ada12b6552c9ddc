"""Tokens, word pieces and token types for training, as the library computes them.

Mirrors the tokenizer and the WordPiece encoder in `src/text/` (default options, all pieces), so that a model is trained on
exactly the word pieces that it will get. `check_text.py` checks it against recordings.
"""

import re
import unicodedata

# The bundles' tokenizer option `splitPattern`, in Java's syntax: every symbol is a separate token, Unicode spaces separate
# tokens, and a decimal number stays whole. Without it, too many entities of both corpora end inside a token of the default
# Tokenizer (`0.15%`, `IL-2-mediated`).
SPLIT_PATTERN = (
    r"\p{Z}+"
    r"|(?<=[^\p{L}\p{M}\p{N}\p{Z}])(?!(?<=[0-9][.,·])[0-9])"
    r"|(?=[^\p{L}\p{M}\p{N}\p{Z}])(?!(?<=[0-9])[.,·][0-9])"
)

CONTEXT = ".,;:!?*-()\"'"
_WHITESPACE = " \t\n\x0b\f\r\u2187"
_CANDIDATE = re.compile(f"[^{_WHITESPACE}]+")


def tokenize(text):
    """Spark NLP's default Tokenizer: `[(begin, end)]` in code points, end exclusive."""
    spans = []
    for match in _CANDIDATE.finditer(text):
        begin, end = match.span()
        first, last = begin, end
        while first < end and text[first] in CONTEXT:
            first += 1
        if first == end:
            spans.append((begin, end))
            continue
        while text[last - 1] in CONTEXT:
            last -= 1
        spans.extend((b, e) for b, e in ((begin, first), (first, last), (last, end)) if b < e)
    return spans


def _is_wordlike(c):
    return unicodedata.category(c)[0] in "LMN"


def split(text, spans):
    """Splits each token like `SPLIT_PATTERN`, without a regular expression, which `re` does not support."""
    parts = []
    for begin, end in spans:
        start = begin
        for i in range(begin, end):
            c = text[i]
            if unicodedata.category(c)[0] == "Z":
                parts.append((start, i))
                start = i + 1
            elif not _is_wordlike(c):
                digits = "0123456789"
                if c in ".,·" and begin < i < end - 1 and text[i - 1] in digits and text[i + 1] in digits:
                    continue
                parts.extend([(start, i), (i, i + 1)])
                start = i + 1
        parts.append((start, end))
    return [(b, e) for b, e in parts if b < e]


def _is_control(c):
    return c in "\0\ufffd" or (unicodedata.category(c) == "Cc" and c not in "\t\n\r")


def _is_punctuation(c):
    o = ord(c)
    return 33 <= o <= 47 or 58 <= o <= 64 or 91 <= o <= 96 or 123 <= o <= 126


def _is_cjk(c):
    o = ord(c)
    return 0x4E00 <= o <= 0x9FFF or 0x3400 <= o <= 0x4DBF or 0xF900 <= o <= 0xFAFF


def words(token, lowercase):
    """Spark NLP's BasicTokenizer on one token: the normalised words that WordPiece splits."""
    if lowercase:
        token = token.lower()
    found, run = [], ""
    for c in token:
        whitespace = c in "\t\n\r" or (c.isspace() and c not in "\x85\xa0\u2007\u202f")
        if not (whitespace or _is_control(c) or _is_punctuation(c) or _is_cjk(c)):
            run += c
            continue
        found.append(run)
        run = ""
        if _is_punctuation(c) or _is_cjk(c):
            found.append(c)
    found.append(run)
    decomposed = (unicodedata.normalize("NFD", w) for w in found)
    cleaned = ("".join(c for c in w if not 0x300 <= ord(c) <= 0x36F and not _is_control(c)) for w in decomposed)
    return [w for w in cleaned if w]


def word_pieces(word, vocabulary, unknown):
    """WordPiece ids of a word, by greedy longest match."""
    if len(word) > 200:
        return [unknown]
    ids, start = [], 0
    while start < len(word):
        end = len(word)
        while end > start:
            piece = vocabulary.get(word[start:end] if start == 0 else "##" + word[start:end])
            if piece is not None:
                break
            end -= 1
        if end == start:
            return [unknown]
        ids.append(piece)
        start = end
    return ids


CASES = 3


def casing(token):
    """The token type: 0 without capitals, 1 if only the first character is a capital, 2 otherwise."""
    capitals = [i for i, c in enumerate(token) if c.isupper()]
    return 0 if not capitals else 1 if capitals == [0] else 2
