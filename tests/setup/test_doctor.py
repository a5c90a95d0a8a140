"""The doctor and the other commands of `python -m course_lib`."""

import importlib.metadata
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from course_lib import doctor, machine, recipes
from course_lib.__main__ import main


@pytest.fixture
def sound(monkeypatch):
    """Data and models that are whole, on a machine with four cores and 8 GB."""
    monkeypatch.setattr(machine, "cores", lambda: 4)
    monkeypatch.setattr(machine, "memory", lambda: 8 * 10**9)
    for name in ("data", "zoo"):
        replace_files(monkeypatch, name, [("a.gz", None), ("b.gz", None)])


def replace_files(monkeypatch, name: str, files: list) -> None:
    fake = SimpleNamespace(check_files=lambda: iter(files))
    monkeypatch.setitem(sys.modules, f"course_lib.{name}", fake)


def bad(lines) -> list[str]:
    return [text for ok, text in lines if ok is False]


def test_a_sound_set_up_passes(sound, capsys):
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    assert "[bad ]" not in out
    assert out.endswith("All lessons can run.\n")
    for expected in ("Python 3.", "torch 2.", "torchvision 0.", "4 cores", "8.0 GB", "files: 2"):
        assert expected in out
    assert len(out.splitlines()) == len(doctor.report()) + 1


def test_the_library_of_another_folder_is_noticed(sound, monkeypatch, tmp_path):
    assert (True, "the library is that of this folder") in doctor.report()
    monkeypatch.chdir(tmp_path)
    root = Path(doctor.__file__).resolve().parents[1]
    assert (True, f"the library is that of {root}") in doctor.report()
    copy = tmp_path / "copy of the course"
    (copy / "course_lib").mkdir(parents=True)
    (copy / "course_lib" / "doctor.py").touch()
    (copy / "notebooks").mkdir()
    monkeypatch.chdir(copy / "notebooks")
    assert bad(doctor.report()) == [
        f"the library is that of {root}, not of this folder. In {copy} run: make lab"
    ]


@pytest.mark.parametrize("name", ["data", "zoo"])
def test_a_damaged_file_fails_with_its_problem(sound, monkeypatch, capsys, name):
    problem = "b.gz is damaged. Restore it with: git checkout -- b.gz"
    replace_files(monkeypatch, name, [("a.gz", None), ("b.gz", problem)])
    assert main(["doctor"]) == 1
    out = capsys.readouterr().out
    assert f"{problem}\n" in out
    assert "1 bad" in out


def test_files_that_cannot_be_checked_fail(sound, monkeypatch):
    replace_files(monkeypatch, "data", [])
    assert "no files found" in bad(doctor.report())[0]
    broken = SimpleNamespace(check_files=lambda: 1 / 0)
    monkeypatch.setitem(sys.modules, "course_lib.data", broken)
    assert "ZeroDivisionError" in bad(doctor.report())[0]


@pytest.mark.parametrize(
    ("found", "complaint"),
    [
        ("1.13.0", 'torch 1.13.0, but the course needs <3,>=2.6. Run: pip install "torch<3,>=2.6"'),
        ("3.0.0", "torch 3.0.0, but"),
        (None, "torch is missing"),
    ],
)
def test_a_wrong_version_fails(sound, monkeypatch, found, complaint):
    version = importlib.metadata.version

    def other(name):
        if name != "torch":
            return version(name)
        if found is None:
            raise importlib.metadata.PackageNotFoundError(name)
        return found

    monkeypatch.setattr(importlib.metadata, "version", other)
    assert complaint in "\n".join(bad(doctor.report()))


def test_a_build_of_its_own_is_within_the_range(sound, monkeypatch):
    version = importlib.metadata.version
    monkeypatch.setattr(
        importlib.metadata,
        "version",
        lambda name: "2.14.1+cpu" if name == "torch" else version(name),
    )
    assert bad(doctor.report()) == []


def test_an_old_python_fails(sound, monkeypatch):
    monkeypatch.setattr(doctor.platform, "python_version", lambda: "3.10.4")
    (complaint,) = bad(doctor.report())
    assert "Python 3.10.4, but the course needs >=3.11" in complaint


def test_a_course_that_is_not_installed_fails(sound, monkeypatch):
    monkeypatch.setattr(doctor, "PACKAGE", "no-such-package-anywhere")
    assert "pip install -e ." in bad(doctor.report())[0]


def test_a_broken_build_fails(sound, monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision", None)  # what import then raises: ImportError
    (complaint,) = bad(doctor.report())
    assert "torchvision does not import" in complaint
    assert "make clean" in complaint


@pytest.mark.parametrize(
    ("package", "line"),
    [("loky", "cores unknown"), ("psutil", "memory unknown"), ("torch", "device unknown")],
)
def test_the_report_goes_on_without_a_package(monkeypatch, package, line):
    """After a `git pull` that brings a new dependency, the doctor names the package."""
    monkeypatch.setitem(sys.modules, package, None)
    for name in ("data", "zoo"):
        replace_files(monkeypatch, name, [("a.gz", None)])
    assert f"{line}: ModuleNotFoundError" in bad(doctor.report())


@pytest.mark.parametrize(("size", "ok"), [(1.1e9, False), (1.3e9, True)])
def test_memory(sound, monkeypatch, size, ok):
    monkeypatch.setattr(machine, "memory", lambda: size)
    (line,) = [line for line in doctor.report() if "memory" in line[1]]
    assert line[0] is ok
    assert "1.2 GB" in line[1]


def test_one_core_is_a_note_and_no_failure(sound, monkeypatch):
    monkeypatch.setattr(machine, "cores", lambda: 1)
    lines = doctor.report()
    assert (None, "1 core granted") in [(ok, text[:14]) for ok, text in lines]
    assert doctor.healthy(lines)


def test_show_makes_a_report_of_its_own(sound, capsys):
    assert doctor.show() is None
    assert capsys.readouterr().out.count("[ ok ]") == len(doctor.report())


def test_brief_is_one_line_and_what_is_not_well(sound, monkeypatch, capsys):
    doctor.brief()
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("All lessons can run (") and "4 cores granted" in line
    assert f"({len(doctor.report())} checks;" in line
    replace_files(monkeypatch, "data", [("b.gz", "b.gz is damaged.")])
    doctor.brief()
    bad_line, line = capsys.readouterr().out.splitlines()
    assert bad_line == "[bad ] data: b.gz is damaged." and line.startswith("1 bad: ")


def test_a_terminal_without_the_characters_gets_no_traceback(sound, monkeypatch, tmp_path):
    replace_files(monkeypatch, "data", [("a", "3 ≠ 4…")])
    with (tmp_path / "out").open("w", encoding="ascii") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        assert main(["doctor"]) == 1
    assert "3 ? 4?" in (tmp_path / "out").read_text()


def test_train_passes_its_options_to_the_recipe(monkeypatch, tmp_path):
    calls = []
    monkeypatch.setattr(recipes, "names", lambda: ["a-model"])

    def train(name, **options):
        calls.append((name, options))
        return tmp_path

    monkeypatch.setattr(recipes, "train", train)
    assert main(["train", "a-model", "--resume", "--out", str(tmp_path)]) == 0
    assert main(["train", "a-model"]) == 0
    assert calls == [
        ("a-model", {"resume": True, "out": tmp_path}),
        ("a-model", {"resume": False, "out": None}),
    ]


def test_an_unknown_recipe_is_answered_with_those_that_exist(monkeypatch, capsys):
    monkeypatch.setattr(recipes, "names", lambda: ["x", "y"])
    assert main(["train", "nonsense"]) == 2
    assert "There are: x, y" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["train"]])
def test_wrong_usage_exits_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as exit:
        main(arguments)
    assert exit.value.code == 2
    assert "usage: python -m course_lib" in capsys.readouterr().err
