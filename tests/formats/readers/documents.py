"""What documents.jsonl says of the files beside it, and what is said of each reading of one."""

import json
import sys
from importlib import metadata


class Mention:
    """A mention: `spans` in code points, `units` the same in UTF-16, `text` of its pieces, `extent` from begin to end."""

    def __init__(self, chunk, text):
        encoded = text.encode("utf-16-le")
        code_points = lambda unit: len(encoded[: 2 * unit].decode("utf-16-le"))
        self.units = [(span["begin"], span["end"]) for span in chunk.get("spans") or [chunk]]
        self.spans = [(code_points(begin), code_points(end)) for begin, end in self.units]
        self.entity = chunk["entity"]
        self.begin, self.end = self.spans[0][0], self.spans[-1][1]
        self.text = " ".join(text[begin:end] for begin, end in self.spans)
        self.extent = text[self.begin : self.end]
        self.chunk = chunk


class Document:
    """A line of documents.jsonl."""

    def __init__(self, record):
        self.record, self.id, self.text = record, record["id"], record["text"]
        self.mentions = [Mention(chunk, self.text) for chunk in record["chunks"]]

    def pieces(self, units=False):
        """(begin, end, entity) of all pieces, in code points or UTF-16."""
        spans = lambda mention: mention.units if units else mention.spans
        return sorted((*span, mention.entity) for mention in self.mentions for span in spans(mention))


def lines(path):
    """The values of a file of JSON lines. A line ends with \\n alone."""
    with path.open(encoding="utf-8", newline="\n") as file:
        return [json.loads(line) for line in file]


def places(document, text, found, units=False):
    """The differences of a document's text, and of (begin, end, entity) of its pieces."""
    if text != document.text:
        yield f"{document.id}: another text"
    if sorted(found) != document.pieces(units):
        yield f"{document.id}: read {sorted(found)[:5]}, expected {document.pieces(units)[:5]}"


def longest_first(mentions):
    """The mentions that a format without overlaps holds, in the order of the text."""
    chosen = []
    for mention in sorted(mentions, key=lambda mention: (mention.begin - mention.end, mention.begin)):
        if all(mention.end <= other.begin or other.end <= mention.begin for other in chosen):
            chosen.append(mention)
    return sorted(chosen, key=lambda mention: mention.begin)


class Unread:
    """A document that a reader cannot read, and what it says."""

    def __init__(self, id, said):
        self.id, self.said = id, said


def expected_unread(differences, known):
    """The differences in words, where documents that cannot be read are those that are known, and no others."""
    unread = {one.id: one.said for one in differences if isinstance(one, Unread)}
    for difference in differences:
        if not isinstance(difference, Unread):
            yield difference
        elif difference.id not in known:
            yield f"{difference.id}: it cannot be read: {difference.said}"
    for id in known.keys() - unread.keys():
        yield f"{id}: it can be read, though the script says that it cannot: {known[id]}"


def check(folder, readings, cannot_read={}):
    """Reads the files of a folder, says a line of each reading and its differences, and ends the program.

    A reading is a file's name behind `documents.`, the name of the reader, which is that of its package if it is one's, and a
    function of the file's path and the documents that yields each difference in words, and `Unread`. `cannot_read` has the
    documents that a reading cannot read, with the reason: by file and reader, then by id.
    """
    documents = [Document(record) for record in lines(folder / "documents.jsonl")]
    failed = False
    for extension, reader, read in readings:
        path, known = folder / f"documents.{extension}", cannot_read.get((extension, reader), {})
        try:
            differences = list(expected_unread(list(read(path, documents)), known))
        except Exception as error:  # Whatever a reader throws at a file is what it says of it.
            differences = [f"{type(error).__name__}: {error}"]
        failed = failed or bool(differences)
        try:
            reader = f"{reader} {metadata.version(reader)}"
        except metadata.PackageNotFoundError:
            pass
        result = f"{len(differences)} DIFFERENCES" if differences else f"{len(documents) - len(known)} documents as written"
        print(f"{path.name:<28} {reader:<24} {result}")
        for difference in differences:
            print(f"    {difference:.400}")
        for id, reason in known.items():
            print(f"    it cannot read {id!r}: {reason}")
    sys.exit(1 if failed or not readings else 0)
