"""Formats and pipeline files: the same names and the same results as in Rust."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

from glossa_ner import Annotator, GlossaError, PipelineFile, formats, read_documents, write_documents

COMMAND = Path(sys.executable).parent / "glossa"
TEXT = "\U0001f9ec IL-2 gene expression requires NF-kappa B."
DOCUMENT = {
    "id": "1",
    "text": TEXT,
    "passages": [{"begin": 0, "end": 11, "kind": "title"}, {"begin": 12, "end": len(TEXT), "kind": "abstract"}],
    "mentions": [{"spans": [{"begin": 32, "end": 42}], "text": "NF-kappa B", "entity": "protein", "confidence": 0.5}],
}


def spans(document):
    return [(span["begin"], span["end"]) for mention in document["mentions"] for span in mention["spans"]]


def test_formats_are_those_of_the_command_line():
    listed = {one.name: one for one in formats()}
    assert len(listed) == 20 and listed["pubtator"].title == "PubTator" and listed["brat"].file_per_document
    help = subprocess.run([COMMAND, "annotate", "--model", "none", "--to", "nonsense"], capture_output=True).stderr.decode()
    known = help.split("known are ")[1].split("\n")[0].split(", ")
    assert [name for name, one in listed.items() if one.written] == known


# Plain text has no mentions, and the tables that are written have no texts.
WITH_BOTH = [one.name for one in formats() if one.read and one.written and one.name not in ("text", "csv", "tsv")]


@pytest.mark.parametrize("name", WITH_BOTH)
def test_what_is_written_is_read_the_same(name):
    document = {"id": "1", "text": TEXT, "mentions": DOCUMENT["mentions"]}
    written = write_documents([document], name)
    # brat is a zip, whose name says it.
    [record] = read_documents((f"file.{'zip' if name == 'brat' else name}", written.content), format=None if name == "brat" else name)
    assert record.error is None and record.problems == []
    text, places = record.document["text"], spans(record.document)
    # CoNLL has tokens, which it joins by blanks.
    expected = "NF - kappa B" if name == "conll" else "NF-kappa B"
    assert [text[begin:end] for begin, end in places] == [expected]


@pytest.mark.parametrize("unit, begin", [("code-point", 32), ("utf-16", 33), ("byte", 35)])
def test_offsets_of_documents_are_in_the_unit_that_is_asked_for(unit, begin):
    content = write_documents([DOCUMENT], "jsonl").content
    assert json.loads(content)["chunks"][0]["begin"] == 33
    [record] = read_documents(("x.jsonl", content), offset_unit=unit)
    assert spans(record.document) == [(begin, begin + 10)]
    assert write_documents([record.document], "jsonl", offset_unit=unit).content == content
    bioc = write_documents([DOCUMENT], "bioc-json").content
    [record] = read_documents(("x.bioc.json", bioc), offset_unit=unit)
    assert spans(record.document) == [(begin, begin + 10)] and len(record.document["passages"]) == 2


def test_files_are_written_and_read(tmp_path):
    written = write_documents(iter([DOCUMENT] * 3), "pubtator", tmp_path / "x.pubtator")
    assert written.content is None
    with gzip.open(tmp_path / "y.pubtator.gz", "wb") as file:
        file.write((tmp_path / "x.pubtator").read_bytes())
    records = list(read_documents([tmp_path / "x.pubtator", str(tmp_path / "y.pubtator.gz")]))
    assert [record.format for record in records] == ["pubtator"] * 6
    assert all(record.document["mentions"] for record in records)


def test_what_a_format_does_not_hold_is_counted():
    twice = {**DOCUMENT, "mentions": DOCUMENT["mentions"] + [{**DOCUMENT["mentions"][0], "entity": "DNA"}]}
    written = write_documents([twice], "conll")
    assert written.warnings and all(times > 0 for times in written.warnings.values())


def test_a_record_that_cannot_be_read_is_an_error_and_the_next_one_follows(tmp_path):
    lines = b'{"id": "a", "text": "IL-2"}\nnonsense\n{"id": "c", "text": "CD28"}\n'
    records = list(read_documents([("x.jsonl", lines), tmp_path / "missing.txt", ("x.pdf", b"%PDF-1.4")]))
    assert [record.error and record.error.code for record in records] == [None, "input_invalid", None, "file_missing", "input_invalid"]
    assert records[1].document is None and records[1].place == "x.jsonl:2"


def test_annotate_document_gives_the_command_lines_result(annotator, tmp_path):
    write_documents([DOCUMENT], "bioc-xml", tmp_path / "in.bioc.xml")
    own = write_documents([annotator.annotate_document(r.document) for r in read_documents(tmp_path / "in.bioc.xml")], "bioc-xml")
    from glossa_ner import installed_models

    command = [COMMAND, "annotate", "--quiet", "--model", installed_models()["cellular"], "--to", "bioc-xml", tmp_path / "in.bioc.xml"]
    assert subprocess.run(command, check=True, capture_output=True).stdout == own.content
    found = annotator.annotate_document(DOCUMENT)
    assert [TEXT[begin:end] for begin, end in spans(found)] == ["IL-2 gene", "NF-kappa B"]
    assert found["precision"] == "int8" and found["mentions"][0]["by"] == {"who": "model", "name": "cellular"}
    assert len(DOCUMENT["mentions"]) == 1
    cut = annotator.annotate_document({"text": "\U0001f9ec " + TEXT * 50}, mode="truncate")
    assert cut["truncated_from"] == annotator.annotate("\U0001f9ec " + TEXT * 50, mode="truncate").truncated_from
    [record] = read_documents(("x.jsonl", write_documents([cut], "jsonl").content))
    assert record.document["truncated_from"] == cut["truncated_from"]


@pytest.mark.parametrize(
    "document",
    [
        None,
        "text",
        {"text": 5},
        {"text": "\ud800"},
        {"text": "abc", "mentions": [{"spans": [{"begin": 2, "end": 9}]}]},
        {"text": "abc", "mentions": [{"spans": [{"begin": 2, "end": 1}]}]},
        {"text": "abc", "mentions": [{"spans": [{"begin": -1, "end": 1}]}]},
        {"text": "abc", "passages": "title"},
    ],
)
def test_what_is_no_document_is_an_error(annotator, document):
    for call in (annotator.annotate_document, lambda document: write_documents([document], "jsonl")):
        with pytest.raises(GlossaError) as raised:
            call(document)
        assert raised.value.code == "input_invalid"


def test_wrong_options_are_told(tmp_path):
    for call in (
        lambda: write_documents([DOCUMENT], "nonsense"),
        lambda: write_documents([DOCUMENT], "medline"),
        lambda: write_documents([DOCUMENT], "jsonl", offset_unit="x"),
        lambda: read_documents("x.txt", format="nonsense"),
        lambda: read_documents("x.txt", unit="nonsense"),
        lambda: read_documents("x.txt", charset="nonsense"),
        lambda: read_documents(5),
        lambda: read_documents([5]),
    ):
        with pytest.raises(GlossaError) as raised:
            call()
        assert raised.value.code == "option_invalid"
    (tmp_path / "kept").write_text("kept")
    with pytest.raises(GlossaError):
        write_documents([DOCUMENT], "medline", tmp_path / "kept")
    assert (tmp_path / "kept").read_text() == "kept"
    with pytest.raises(FileNotFoundError):
        write_documents([DOCUMENT], "jsonl", tmp_path / "no/such/folder")


@pytest.fixture
def pipeline(tmp_path):
    from glossa_ner import installed_models

    (tmp_path / "model").symlink_to(installed_models()["cellular"])
    file = tmp_path / "pipeline.json"
    content = {
        "glossaPipeline": 1,
        "model": "model",
        "options": {"maxSentenceLength": 64, "tokenizer": {"splitChars": ["-"]}},
        "annotate": {"entities": ["protein"], "replaceLabels": {"protein": "myName"}, "threshold": 0.5},
        "format": "bioc-json",
    }
    file.write_text(json.dumps(content))
    return file


def test_pipeline_files_are_read_as_everywhere(pipeline):
    read = PipelineFile.read(pipeline)
    assert (read.model, read.format) == ("model", "bioc-json")
    assert read.model_path == str(pipeline.parent / "model")
    assert read.options["max_sentence_length"] == 64 and read.options["tokenizer"]["split_chars"] == ["-"]
    annotator = Annotator.from_pipeline(pipeline, offset_unit="utf-16")
    assert annotator.max_sentence_length == 64
    chunks = annotator.annotate(TEXT).chunks
    command = [COMMAND, "annotate", "--pipeline", pipeline, "--to", "jsonl"]
    printed = json.loads(subprocess.run(command, input=TEXT.encode(), check=True, capture_output=True).stdout)
    assert [(c["begin"], c["end"], c["entity"]) for c in printed["chunks"]] == [(c.begin, c.end, c.entity) for c in chunks]
    assert {chunk.entity for chunk in chunks} == {"myName"}
    assert Annotator.from_pipeline(pipeline, max_sentence_length=128).max_sentence_length == 128


@pytest.mark.parametrize(
    "content, code",
    [
        ("{", "pipeline_invalid"),
        ("{}", "pipeline_invalid"),
        ('{"glossaPipeline": 2}', "pipeline_invalid"),
        ('{"glossaPipeline": 1}', "pipeline_invalid"),
        ('{"glossaPipeline": 1, "options": {"nonsense": 1}}', "pipeline_invalid"),
        ('{"glossaPipeline": 1, "model": "nowhere"}', "file_missing"),
        (b"\xff\xfe\xff", "pipeline_invalid"),
        (None, "file_missing"),
    ],
)
def test_pipeline_files_that_are_none_are_errors(tmp_path, content, code):
    file = tmp_path / "p.json"
    if content is not None:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(GlossaError) as raised:
        Annotator.from_pipeline(file)
    assert raised.value.code == code
