"""The house rules that no linter checks: public names, start-up, documents, forbidden loads, declared dependencies."""

from __future__ import annotations

import ast
import importlib
import inspect
import math
import re
import subprocess
import sys
import time
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src"
FILES = sorted(SOURCE.rglob("*.py"))
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/**/*.md")])

LOADS_UNSAFE_FORMAT = "tenshot/features/weights.py"
"""The default weights are published in torch's own format, and only so; read there with ``weights_only=True``."""

NOT_OURS_TO_INSTALL = {"anomalib"}
"""What the benchmark compares with, installed by the benchmark alone, in an environment of its own."""

HEAVY = {"matplotlib", "numpy", "PIL", "pydantic", "scipy", "sklearn", "timm", "torch", "torchvision"}
UNPICKLERS = {"cloudpickle", "dill", "joblib", "pickle", "shelve"}
LEFTOVERS = {"common", "helpers", "misc", "util", "utilities", "utils"}
SECTIONS = ["Context", "Decision", "Consequences", "How we would know we were wrong"]


def _relative(file: Path) -> str:
    return file.relative_to(SOURCE).as_posix()


def _imports(file: Path) -> set[str]:
    """Top-level packages a file imports, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


def _modules() -> list[str]:
    """Every module that can be imported here: entry points run instead, and the benchmark's peer lives elsewhere."""
    return [
        ".".join(file.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
        for file in FILES
        if file.stem != "__main__" and not _imports(file) & NOT_OURS_TO_INSTALL
    ]


def _defined_in(module: ModuleType) -> set[str]:
    """Names of the functions and classes that a module defines, without those that a leading underscore hides."""
    things = {
        name: value for name, value in vars(module).items() if inspect.isfunction(value) or inspect.isclass(value)
    }
    return {name for name, thing in things.items() if thing.__module__ == module.__name__ and not name.startswith("_")}


@pytest.mark.parametrize("name", _modules())
def test_public_names_are_truthful(name: str) -> None:
    module = importlib.import_module(name)
    public = getattr(module, "__all__", None)
    assert public is not None, "say which names are public in __all__, an empty list if none"
    assert len(set(public)) == len(public), "a name is listed twice"
    assert [key for key in public if not hasattr(module, key)] == [], "listed in __all__ and not there"
    assert _defined_in(module) - set(public) == set(), "neither in __all__ nor hidden by an underscore"


def test_what_the_package_promises_is_what_a_star_import_gives() -> None:
    import tenshot

    given: dict[str, object] = {}
    exec("from tenshot import *", given)  # noqa: S102 - the very statement under test
    assert sorted(set(given) - {"__builtins__"}) == sorted(tenshot.__all__)
    assert set(tenshot.__all__) <= set(dir(tenshot))


def test_the_version_is_the_same_everywhere() -> None:
    import tenshot

    assert tenshot.__version__ == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def _least_seconds(*command: str, enough: float, attempts: int = 25) -> float:
    """The least of several runs, until one is good enough: whatever else the machine does only ever adds."""
    least = math.inf
    for _ in range(attempts):
        started = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        least = min(least, time.perf_counter() - started)
        if least < enough:
            break
    return least


def _loaded_by(*arguments: str) -> set[str]:
    """Top-level packages that a run of Python loads."""
    run = subprocess.run([sys.executable, "-X", "importtime", *arguments], check=True, capture_output=True, text=True)
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in run.stderr.splitlines() if "|" in line}


def test_importing_the_package_is_cheap() -> None:
    assert _loaded_by("-c", "import tenshot") & HEAVY == set()
    assert _least_seconds(sys.executable, "-c", "import tenshot", enough=0.3) < 0.3, "Python's own start included"


def test_help_starts_at_once() -> None:
    assert _loaded_by("-m", "tenshot", "--help") & HEAVY == set()
    assert _least_seconds(sys.executable, "-m", "tenshot", "--help", enough=0.5) < 0.5


def _anchors(document: Path) -> set[str]:
    headings = re.findall(r"^#+ +(.+?) *$", document.read_text(), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _resolves(document: Path, target: str) -> bool:
    """Whether a link leads to a file of the repository, and to a heading of it if it names one; others are not ours."""
    if re.match(r"[a-z]+:", target):
        return True
    place, _, anchor = target.partition("#")
    file = (document.parent / place).resolve() if place else document
    return file.is_relative_to(ROOT) and file.exists() and (not anchor or anchor in _anchors(file))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_between_documents_resolve(document: Path) -> None:
    prose = re.sub(r"^```.*?^```|`[^`\n]*`", "", document.read_text(), flags=re.MULTILINE | re.DOTALL)
    targets = re.findall(r"\]\(([^()\s]+)", prose) + re.findall(r'(?:src|href)="([^"]+)"', prose)
    assert [target for target in targets if not _resolves(document, target)] == []


def test_every_document_can_be_reached_from_the_index() -> None:
    index = (ROOT / "docs" / "index.md").read_text()
    unlinked = [
        page.as_posix()
        for page in sorted((ROOT / "docs").rglob("*.md"))
        if page.name != "index.md" and page.relative_to(ROOT / "docs").as_posix() not in index
    ]
    assert unlinked == []


@pytest.mark.parametrize("record", DECISIONS, ids=lambda path: path.stem)
def test_decision_records_keep_their_form(record: Path) -> None:
    text = record.read_text()
    assert len(text.splitlines()) <= 40
    assert re.findall(r"^## (.+)$", text, flags=re.MULTILINE) == SECTIONS
    number, _, slug = record.stem.partition("-")
    assert text.startswith(f"# {int(number)}. ")
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug)


def test_decision_records_are_numbered_without_gaps() -> None:
    assert [int(record.stem[:4]) for record in DECISIONS] == list(range(1, len(DECISIONS) + 1))


def test_no_file_is_too_long_to_read() -> None:
    lengths = {_relative(file): len(file.read_text().splitlines()) for file in FILES}
    assert {file: length for file, length in lengths.items() if length > 300} == {}


def test_there_is_no_room_for_leftovers() -> None:
    assert [_relative(file) for file in FILES if LEFTOVERS & set(file.relative_to(SOURCE).with_suffix("").parts)] == []


def test_every_folder_of_code_is_a_package() -> None:
    assert sorted({_relative(file.parent) for file in FILES if not (file.parent / "__init__.py").exists()}) == []


def test_nothing_is_unpickled() -> None:
    loads = [
        (_relative(file), {word.arg: ast.unparse(word.value) for word in call.keywords}.get("weights_only"))
        for file in FILES
        for call in ast.walk(ast.parse(file.read_text()))
        if isinstance(call, ast.Call) and ast.unparse(call.func) in {"torch.load", "torch.serialization.load"}
    ]
    assert all(load == (LOADS_UNSAFE_FORMAT, "True") for load in loads), loads
    assert [
        _relative(file) for file in FILES if _imports(file) & {"cPickle", "dill", "joblib", "pickle", "shelve"}
    ] == []


def _project() -> dict[str, list[str]]:
    """Declared requirements by extra, the core under an empty name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return {"": project["dependencies"], **project["optional-dependencies"]}


def _distribution(requirement: str) -> str:
    name = re.match(r"[\w.-]+", requirement)
    assert name is not None
    return re.sub(r"[-_.]+", "-", name[0]).lower()


def test_what_the_code_imports_is_declared() -> None:
    shipped = {_distribution(line) for extra, lines in _project().items() if extra != "dev" for line in lines}
    distributions = packages_distributions()
    imported = set().union(*map(_imports, FILES)) - sys.stdlib_module_names - NOT_OURS_TO_INSTALL - {"tenshot"}
    undeclared = {
        package
        for package in imported
        if not shipped & {_distribution(name) for name in distributions.get(package, [package])}
    }
    assert undeclared == set()


def test_every_requirement_is_pinned() -> None:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line and not line.startswith("#")]
    assert [line for line in lines if not re.fullmatch(r"[a-z0-9-]+==[\w.]+", line)] == []
    pinned = [line.partition("==")[0] for line in lines]
    assert pinned == sorted(set(pinned)), "one pin a package, in order"
    wanted = {_distribution(line) for lines in _project().values() for line in lines} - {"tenshot"}
    assert wanted - set(pinned) == set()


def test_make_help_lists_every_target() -> None:
    run = subprocess.run(["make", "help"], cwd=ROOT, check=True, capture_output=True, text=True)
    phony = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    assert phony is not None
    assert re.findall(r"^  make ([\w-]+)", run.stdout, flags=re.MULTILINE) == phony[1].split()
