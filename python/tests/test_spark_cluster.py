"""Spark with executors of their own, as on a cluster: the model comes to them, and one that is killed is replaced."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import skip_or_fail

pytestmark = [pytest.mark.spark, pytest.mark.full, pytest.mark.timeout(300)]


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="it looks for processes in /proc")
def test_a_killed_executor_is_replaced_with_the_same_result(annotator, texts):
    if shutil.which("java") is None:
        skip_or_fail("Spark needs Java")
    texts = texts * 4
    script = Path(__file__).parent / "cluster.py"
    done = subprocess.run([sys.executable, script], input=json.dumps(texts).encode(), stdout=subprocess.PIPE, check=True)
    printed = json.loads(done.stdout.splitlines()[-1])
    assert printed["killed"] == 1
    expected = {text: [[c.begin, c.end, c.text, c.entity] for c in annotator.annotate(text).chunks] for text in texts}
    assert printed["found"] == [expected[text] for text in texts]
