"""How model files look: a reader takes in one paper's figure, or a part of it, on a few screens."""

from pathlib import Path

import pytest

import course_lib.models

FILES = sorted(Path(course_lib.models.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_model_file_has_fewer_than_150_lines(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) < 150
