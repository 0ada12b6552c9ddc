"""Ray Data: the example, and an actor that dies at work."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

pytestmark = [pytest.mark.ray, pytest.mark.timeout(180)]


def run(script, tmp_path, given=b"") -> list[str]:
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    done = subprocess.run([sys.executable, script], cwd=tmp_path, input=given, **pipes)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().splitlines()


def test_the_example(tmp_path):
    lines = run(ROOT / "examples/python/ray_actors.py", tmp_path)
    assert lines[-2:] == ["1 [('IL-2 gene', 'DNA')]", "2 [('NF-kappa B', 'protein')]"]


@pytest.mark.skipif(sys.platform == "win32", reason="there are no signals")
def test_a_killed_actor_is_replaced_with_the_same_result(annotator, texts, tmp_path):
    run(Path(__file__).with_name("killed_actor.py"), tmp_path, json.dumps(texts).encode())
    written = json.loads((tmp_path / "found.json").read_text())
    assert len(written["begun"]) > 1 and written["killed"] in written["begun"]
    expected = [[[c.begin, c.end, c.text, c.entity] for c in annotator.annotate(text).chunks] for text in texts]
    assert written["found"] == expected
