"""`Annotator`: results, offsets, options, errors, threads, processes."""

from __future__ import annotations

import json
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
import time

import pytest
from conftest import GOLDEN, ROOT

from glossa_ner import Annotator, GlossaError, installed_models

TEXT = "\U0001f9ec IL-2 gene expression requires NF-kappa B."
WORDS = "IL-2 gene expression and NF-kappa B activation through CD28 requires reactive oxygen production. "


def code_of(call, *arguments, **options) -> str:
    with pytest.raises(GlossaError) as raised:
        call(*arguments, **options)
    assert raised.value.code in str(raised.value)
    assert len(raised.value.message) > 10
    return raised.value.code


def test_chunks_have_their_places_in_code_points(annotator):
    annotation = annotator.annotate(TEXT)
    assert [(chunk.text, chunk.entity) for chunk in annotation.chunks] == [("IL-2 gene", "DNA"), ("NF-kappa B", "protein")]
    assert all(TEXT[chunk.begin : chunk.end] == chunk.text for chunk in annotation.chunks)
    assert all(0 < chunk.confidence <= 1 for chunk in annotation.chunks)
    assert (annotation.offset_unit, annotation.precision, annotation.truncated_from) == ("code-point", "int8", None)


def test_chunks_of_several_label_sets_overlap_in_every_unit():
    text = "\U0001f9ec aspirin for colon cancer"
    expected = [("aspirin", "Chemical"), ("colon cancer", "Disease"), ("colon", "Anatomy")]
    for unit, encoding, width in [("code-point", "utf-32-le", 4), ("utf-16", "utf-16-le", 2), ("byte", "utf-8", 1)]:
        encoded = text.encode(encoding)
        chunks = Annotator(ROOT / "tests/models/sets", offset_unit=unit).annotate(text).chunks
        assert [(chunk.text, chunk.entity) for chunk in chunks] == expected
        assert [encoded[width * chunk.begin : width * chunk.end].decode(encoding) for chunk in chunks] == [words for words, _ in expected]


@pytest.mark.parametrize("model", ["cellular", GOLDEN / "models/hf_cellular"])
@pytest.mark.parametrize("unit, encoding, width", [("code-point", "utf-32-le", 4), ("utf-16", "utf-16-le", 2), ("byte", "utf-8", 1)])
def test_offsets_are_places_of_the_text_in_every_unit(model, unit, encoding, width, texts):
    annotator = Annotator(model, offset_unit=unit, label_scores=1)
    found = 0
    for text in texts:
        encoded = text.encode(encoding)
        for chunk in annotator.annotate(text).chunks:
            assert encoded[width * chunk.begin : width * chunk.end].decode(encoding) == chunk.text
            tokens = [encoded[width * token.begin : width * token.end].decode(encoding) for token in chunk.tokens]
            assert tokens and all(token in chunk.text for token in tokens)
            found += 1
    assert found > 50


def test_truncated_text_says_where_in_the_unit(annotator):
    text = "\U0001f9ec " + WORDS * 20
    at = annotator.annotate(text, mode="truncate").truncated_from
    utf16 = Annotator("cellular", offset_unit="utf-16").annotate(text, mode="truncate").truncated_from
    assert 0 < at < len(text) and utf16 == at + 1
    assert annotator.annotate(text).truncated_from is None


def test_the_command_line_finds_the_same(annotator, texts, tmp_path):
    lines = "".join(json.dumps({"id": str(i), "text": text}) + "\n" for i, text in enumerate(texts))
    (tmp_path / "texts.jsonl").write_text(lines, encoding="utf-8")
    command = [os.path.join(os.path.dirname(sys.executable), "glossa"), "annotate", "--quiet", "--to", "jsonl"]
    command += ["--model", str(installed_models()["cellular"]), str(tmp_path / "texts.jsonl")]
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.decode()
    own = Annotator("cellular", offset_unit="utf-16")
    compared = 0
    for line, text in zip(printed.splitlines(), texts):
        expected = [(c["begin"], c["end"], c["text"], c["entity"]) for c in json.loads(line)["chunks"]]
        found = own.annotate(text).chunks
        assert [(c.begin, c.end, c.text, c.entity) for c in found] == expected
        compared += len(found)
    assert compared > 20


def test_the_command_says_what_is_wrong_and_ends_with_its_code(tmp_path):
    command = os.path.join(os.path.dirname(sys.executable), "glossa")
    done = subprocess.run([command, "annotate", "--model", str(tmp_path / "none")], stdin=subprocess.DEVNULL, capture_output=True)
    assert done.returncode == 1 and b"file_missing" in done.stderr
    assert subprocess.run([command, "nonsense"], capture_output=True).returncode == 2
    assert subprocess.run([command, "--version"], capture_output=True).stdout.startswith(b"glossa ")


def test_options_have_the_names_of_rust(annotator):
    assert annotator.annotate(TEXT, entities=["protein"]).chunks == annotator.annotate(TEXT).chunks[1:]
    assert annotator.annotate(TEXT, white_list=["protein"]).chunks == annotator.annotate(TEXT).chunks[1:]
    strict = Annotator("cellular", threshold=0.9)
    assert len(strict.annotate(TEXT).chunks) == 1 < len(strict.annotate(TEXT, threshold=0.1).chunks)
    assert strict.annotate(TEXT, threshold=None).chunks == strict.annotate(TEXT).chunks
    renamed = annotator.annotate(TEXT, replace_labels={"protein": "my_Name"}).chunks
    assert renamed[1].entity == "my_Name"
    tokenizer = {"split_chars": ["\\-"], "max_length": None}
    assert Annotator("cellular", tokenizer=tokenizer).annotate(TEXT).chunks
    first = Annotator("cellular").annotate(TEXT, label_scores=2).chunks[0]
    assert len(first.tokens) == 4 and all(len(token.labels) == 2 for token in first.tokens)


@pytest.mark.parametrize(
    "options, words",
    [
        ({"max_sentence_len": 3}, "did you mean max_sentence_length"),
        ({"maxSentenceLength": 3}, "did you mean max_sentence_length"),
        ({"threshold": 3}, "not 0 to 1"),
        ({"threshold": "high"}, "threshold"),
        ({"threshold": float("nan")}, "threshold"),
        ({"mode": "fast"}, "window"),
        ({"entities": ["nobody"]}, "protein"),
        ({"entities": {"a", "b"}}, "entities"),
        ({"max_sentence_length": 0}, "maxSentenceLength"),
        ({"max_sentence_length": -1}, "maxSentenceLength"),
        ({"tokenizer": {"split_char": ["a"]}}, "did you mean split_chars"),
        ({"tokenizer": ["a"]}, "not dict"),
        ({"offset_unit": "character"}, "code-point"),
    ],
)
def test_options_that_are_wrong_are_named(options, words):
    with pytest.raises(GlossaError, match=words) as raised:
        Annotator("cellular", **options)
    assert raised.value.code == "option_invalid"


def test_models_that_are_not_there_are_told(tmp_path):
    assert code_of(Annotator, "celular") == "file_missing"
    with pytest.raises(GlossaError, match="installed are biomedical, cellular, clinical_trials"):
        Annotator("celular")
    assert code_of(Annotator, tmp_path / "nothing") == "file_missing"
    assert code_of(Annotator, tmp_path) == "model_unrecognised"
    assert code_of(Annotator, "") == "option_invalid"
    assert code_of(Annotator, 5) == "option_invalid"
    assert code_of(Annotator, None) == "option_invalid"
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04 no zip")
    assert code_of(Annotator, tmp_path / "broken.zip") == "archive_invalid"


def test_a_folder_and_a_zip_of_models(tmp_path):
    import shutil

    expected = Annotator("cellular").annotate(TEXT)
    assert Annotator(ROOT / "www/models/cellular").annotate(TEXT) == expected
    assert Annotator(str(ROOT / "www/models/cellular")).annotate(TEXT) == expected
    packed = shutil.make_archive(str(tmp_path / "model"), "zip", ROOT / "www/models/cellular")
    assert Annotator(packed).annotate(TEXT) == expected
    assert sorted(installed_models()) == ["biomedical", "cellular", "clinical_trials"]
    assert Annotator("clinical_trials").entities


@pytest.mark.parametrize("text", [None, 5, b"IL-2", ["IL-2"], float("nan"), "IL-2 \ud800 gene", "\udc00"])
def test_what_is_no_text_is_an_error(annotator, text):
    assert code_of(annotator.annotate, text) == "input_invalid"
    assert annotator.annotate("").chunks == () == annotator.annotate(" \n\t").chunks


def test_annotate_all_gives_each_text_its_outcome_in_order(annotator, texts):
    poison = {7: None, 20: 5, 33: "\ud800", 40: "x" * 1001}
    given = [poison.get(i, text[:1000]) for i, text in enumerate(texts)]
    outcomes = list(annotator.annotate_all(iter(given), threads=3, max_characters=1000))
    assert [outcome.index for outcome in outcomes] == list(range(len(given)))
    for outcome, text in zip(outcomes, given):
        if outcome.index in poison:
            assert outcome.annotation is None and outcome.error.code == "input_invalid"
        else:
            assert outcome.error is None and outcome.annotation == annotator.annotate(text)
    assert "max_characters" in outcomes[40].error.message and "surrogate" in outcomes[33].error.message


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_annotate_all_takes_texts_as_they_are_asked_for(annotator, threads):
    taken = 0

    def endless():
        nonlocal taken
        while True:
            taken += 1
            yield "IL-2"

    outcomes = annotator.annotate_all(endless(), threads=threads)
    assert taken == 0
    for i in range(50):
        assert next(outcomes).index == i
        assert taken <= i + 1 + 8 * threads


def test_annotate_all_holds_few_large_texts(annotator):
    taken = 0

    def large():
        nonlocal taken
        for _ in range(100):
            taken += 1
            yield " " * 17_000_000

    outcomes = annotator.annotate_all(large(), threads=4, max_characters=None)
    for i in range(3):
        assert next(outcomes).annotation.chunks == ()
        assert taken <= i + 2


def test_annotate_all_refuses_at_once_what_is_wrong_for_all(annotator):
    assert code_of(annotator.annotate_all, "one text") == "input_invalid"
    assert code_of(annotator.annotate_all, ["a"], threads=0) == "option_invalid"
    assert code_of(annotator.annotate_all, ["a"], max_characters=-1) == "option_invalid"
    assert code_of(annotator.annotate_all, ["a"], threshold=7) == "option_invalid"
    assert code_of(annotator.annotate_all, ["a"], precision="f32") == "option_invalid"
    assert code_of(annotator.annotate_all, 5) == "input_invalid"


def test_an_exception_of_the_texts_comes_after_what_was_before(annotator):
    def broken():
        yield "IL-2"
        yield "CD28"
        raise LookupError("no more")

    outcomes = annotator.annotate_all(broken())
    assert [next(outcomes).index, next(outcomes).index] == [0, 1]
    with pytest.raises(LookupError):
        next(outcomes)
    with pytest.raises(StopIteration):
        next(outcomes)


def test_other_threads_of_python_run_meanwhile(annotator):
    inside, seen, over = threading.Event(), 0, threading.Event()

    def look():
        nonlocal seen
        while not over.is_set():
            seen += inside.is_set()
            time.sleep(0.001)

    watcher = threading.Thread(target=look)
    watcher.start()
    text = WORDS * 300
    inside.set()
    annotator.annotate(text)
    inside.clear()
    over.set()
    watcher.join()
    assert seen > 10


def test_threads_share_an_annotator(annotator, texts):
    expected = [annotator.annotate(text) for text in texts]
    found = [None] * 4

    def work(number):
        found[number] = [annotator.annotate(text) for text in texts]

    workers = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert found == [expected] * 4


def test_an_annotator_is_pickled_as_its_model_and_options():
    annotator = Annotator("cellular", offset_unit="utf-16", threshold=0.9)
    pickled = pickle.dumps(annotator)
    assert len(pickled) < 1000
    again = pickle.loads(pickled)
    assert again.annotate(TEXT) == annotator.annotate(TEXT) and again.offset_unit == "utf-16"
    assert pickle.loads(pickle.dumps(again.annotate(TEXT))) == annotator.annotate(TEXT)
    error = pickle.loads(pickle.dumps(GlossaError("input_invalid", "text: no")))
    assert (error.code, error.message, str(error)) == ("input_invalid", "text: no", "input_invalid: text: no")


shared = None


def annotate_shared(text):
    return shared.annotate(text)


def annotate_all_shared(texts):
    return [outcome.annotation for outcome in shared.annotate_all(texts)]


def annotate_with(annotator, text):
    return annotator.annotate(text)


def test_forked_processes_use_the_annotator_of_their_parent(annotator, texts):
    global shared
    shared = annotator
    list(annotator.annotate_all(texts))
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map(annotate_shared, texts[:10]) == [annotator.annotate(text) for text in texts[:10]]
        assert pool.apply(annotate_all_shared, (texts[:10],)) == [annotator.annotate(text) for text in texts[:10]]


def test_spawned_processes_get_an_annotator_by_pickling(annotator):
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(annotate_with, (annotator, TEXT)) == annotator.annotate(TEXT)


@pytest.mark.skipif(os.name == "nt", reason="SIGINT is of Unix")
@pytest.mark.parametrize(
    "work",
    [
        "for _ in annotator.annotate_all(iter(lambda: text, None)): pass",
        "annotator.annotate(text * 10_000)",
        "pyarrow.table(annotate(pyarrow.table({'text': [text] * 100_000}), model=annotator))",
    ],
)
def test_the_keyboard_interrupts(work):
    # What is imported is so before the signal: an interrupt within an extension's import may be lost there.
    imports = "import pyarrow; from glossa_ner import Annotator; from glossa_ner.arrow import annotate"
    code = f"{imports}; annotator = Annotator('cellular'); text = {WORDS!r} * 10; print('go', flush=True)\n{work}"
    running = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd="/")
    assert running.stdout.readline() == b"go\n"
    time.sleep(0.5)
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=20)
    assert running.returncode != 0 and b"KeyboardInterrupt" in errors
