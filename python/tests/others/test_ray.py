"""The example of Ray Data."""

from __future__ import annotations

import subprocess
import sys

import pytest
from conftest import ROOT


@pytest.mark.ray
@pytest.mark.timeout(180)
def test_the_example(tmp_path):
    command = [sys.executable, ROOT / "examples/python/ray_actors.py"]
    done = subprocess.run(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.returncode == 0, done.stderr.decode()
    lines = done.stdout.decode().splitlines()
    assert lines[-2:] == ["1 [('IL-2 gene', 'DNA')]", "2 [('NF-kappa B', 'protein')]"]
