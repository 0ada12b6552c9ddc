"""The wheels as they are installed: in an environment of their own, without network and without other packages."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import skip_or_fail

LINES = """
from glossa_ner import Annotator
annotator = Annotator("cellular")
print([(chunk.text, chunk.entity) for chunk in annotator.annotate("IL-2 gene expression requires NF-kappa B.").chunks])
"""


@pytest.fixture(scope="module")
def wheels() -> Path:
    folder = os.environ.get("GLOSSA_WHEELS")
    if not folder:
        skip_or_fail("GLOSSA_WHEELS does not say where the wheels are: ./build.sh wheel does")
    return Path(folder)


@pytest.fixture(scope="module")
def bare(tmp_path_factory, wheels) -> Path:
    folder = tmp_path_factory.mktemp("bare")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    pip = [folder / "bin/python", "-m", "pip", "install", "-q", "--no-index", "--find-links", wheels]
    subprocess.run([*pip, "glossa-ner[models]"], check=True)
    return folder / "bin"


@pytest.mark.skipif(sys.platform != "linux", reason="it is about names of wheels for Linux")
def test_pypi_would_take_the_wheels(wheels):
    """PyPI refuses `linux_x86_64`, which says nothing of the C library that is needed."""
    engine, models = sorted(file.name for file in wheels.iterdir())
    tag = f"manylinux_2_17_{platform.machine()}"
    assert re.fullmatch(rf"glossa_ner-0\.1\.0-cp39-abi3-(manylinux2014_\w+\.)?{tag}\.whl", engine)
    assert models == "glossa_ner_models-0.1.0-py3-none-any.whl"


def test_three_lines_do(bare):
    printed = subprocess.run([bare / "python", "-c", LINES], check=True, stdout=subprocess.PIPE, cwd="/").stdout
    assert printed == b"[('IL-2 gene', 'DNA'), ('NF-kappa B', 'protein')]\n"


def test_nothing_else_is_needed(bare):
    listed = subprocess.run([bare / "python", "-m", "pip", "list", "--format", "freeze"], check=True, stdout=subprocess.PIPE)
    names = {line.split("==")[0].replace("_", "-") for line in listed.stdout.decode().split()}
    assert names - {"pip", "setuptools", "wheel"} == {"glossa-ner", "glossa-ner-models"}


def test_the_command_is_there(bare):
    code = "from glossa_ner import installed_models; print(installed_models()['cellular'], end='')"
    model = subprocess.run([bare / "python", "-c", code], check=True, stdout=subprocess.PIPE, cwd="/").stdout.decode()
    command = [bare / "glossa", "annotate", "--model", model, "--to", "csv"]
    done = subprocess.run(command, input=b"IL-2 gene", check=True, stdout=subprocess.PIPE)
    assert b"IL-2 gene" in done.stdout and b"DNA" in done.stdout


def test_the_types_are_there(bare):
    import glossa_ner

    assert (Path(glossa_ner.__file__).parent / "py.typed").exists()
    assert glossa_ner.__version__ == "0.1.0"
