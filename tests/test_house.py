"""The rules of the house, kept by the machine: which room may use what, how large a room may grow, and that its door plate is true."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.events import REGISTRY

ROOT = Path(__file__).parents[1]
SERVICES = ("intake", "routing", "feedback", "reporting")
ROOMS = {"shared": ROOT / "shared/shared", **{name: ROOT / f"services/{name}/{name}" for name in SERVICES}}

# "About 300 lines" and "about 50": a little over is a room, much over is two.
FILE_LINES_MAX = 330
FUNCTION_LINES_MAX = 60

WORLD = {
    *("sqlalchemy", "fastapi", "starlette", "faststream", "aiokafka", "httpx", "asyncio", "structlog", "os", "time", "random"),
    "shared.database",
}
CLOCKS = {"now", "utcnow", "today", "monotonic"}
REJECTED_NAMES = re.compile(r"(Manager|Helper|Util|Utils|Handler|Processor|DTO|Impl)$")


def _modules(*folders: Path) -> list[Path]:
    return sorted(path for folder in folders for path in folder.rglob("*.py"))


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), filename=str(path))


def _named(path: Path) -> str:
    return str(path.relative_to(ROOT))


ALL_CODE = _modules(*ROOMS.values(), ROOT / "deploy")
DECISIONS = [path for path in ALL_CODE if "decisions" in path.parts or path.name == "decisions.py"]


@pytest.mark.parametrize("path", DECISIONS, ids=_named)
def test_decisions_are_pure(path: Path) -> None:
    tree = _parsed(path)
    used = {name for name in _imports(tree) for world in WORLD if name == world or name.startswith(f"{world}.")}
    assert not used, f"a decision takes facts and returns a value; it has no business with {used}"
    for node in ast.walk(tree):
        assert not isinstance(node, ast.AsyncFunctionDef | ast.Await), "a decision waits for nothing"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            assert node.func.attr not in CLOCKS, f"line {node.lineno}: `now` is an argument"


def test_there_are_decisions_in_every_service() -> None:
    assert {path.relative_to(ROOT).parts[1] for path in DECISIONS} == set(SERVICES)


@pytest.mark.parametrize("path", ALL_CODE, ids=_named)
def test_only_the_database_room_commits(path: Path) -> None:
    commits = [node.lineno for node in ast.walk(_parsed(path)) if isinstance(node, ast.Attribute) and node.attr == "commit"]
    allowed = {"shared/shared/database.py", "shared/shared/loops.py", "shared/shared/migrations.py"}
    assert not commits or _named(path) in allowed, f"commits on lines {commits}: use Database.transaction()"


@pytest.mark.parametrize("room", ROOMS, ids=list(ROOMS))
def test_no_room_reaches_into_a_service_that_is_not_its_own(room: str) -> None:
    for path in _modules(ROOMS[room]):
        foreign = {name.split(".")[0] for name in _imports(_parsed(path))} & set(SERVICES) - {room}
        assert not foreign, f"{_named(path)} imports {foreign}"


@pytest.mark.parametrize("path", _modules(ROOT / "deploy/auditor"), ids=_named)
def test_the_auditor_uses_nothing_of_what_it_audits(path: Path) -> None:
    borrowed = {name for name in _imports(_parsed(path)) if name.split(".")[0] in {*SERVICES, "shared"}}
    assert not borrowed, f"what the services compute, or how, is no evidence: {borrowed}"
    if path.name != "__main__.py":  # which may ask the launcher where this clone's world is
        launcher = {name for name in _imports(_parsed(path)) if name.startswith("deploy.") and not name.startswith("deploy.auditor")}
        assert not launcher, f"the auditor stands alone: {launcher}"


@pytest.mark.parametrize("path", [*ALL_CODE, *_modules(ROOT / "tests")], ids=_named)
def test_a_room_can_be_read_in_one_sitting(path: Path) -> None:
    lines = len(path.read_text().splitlines())
    assert lines <= FILE_LINES_MAX, f"{lines} lines: is this still one room?"
    for node in ast.walk(_parsed(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            # Functions inside (the endpoints of a router) are rooms of their own.
            length = _lines(node) - sum(_lines(inner) for inner in node.body if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef))
            assert length <= FUNCTION_LINES_MAX, f"{node.name} has {length} lines"


def _lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


@pytest.mark.parametrize("path", ALL_CODE, ids=_named)
def test_names_say_what_a_thing_is_and_modules_what_they_are_for(path: Path) -> None:
    tree = _parsed(path)
    if tree.body:
        assert ast.get_docstring(tree), "a room has a sentence on its door"
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            assert not REJECTED_NAMES.search(node.name), f"{node.name}: see the words the glossary rejects"


@pytest.mark.parametrize("service", SERVICES)
def test_a_services_readme_names_every_event_it_says_and_hears(service: str) -> None:
    readme = (ROOT / "services" / service / "README.md").read_text()
    said = {name for name, contract in REGISTRY.items() if service in contract.producers}
    heard = {name for name, contract in REGISTRY.items() if service in contract.consumers}
    missing = {name for name in said | heard if f"`{name}`" not in readme}
    assert not missing, f"README.md of {service} does not name {sorted(missing)}"


def test_no_file_names_a_package_registry() -> None:
    suspicious = re.compile(r"https?://[^\s\"']*(pypi|pythonhosted|npmjs|maven|debian\.org|registry)", re.IGNORECASE)
    kept = [path for pattern in ("*.txt", "*.toml", "*.lock", "*.in", "*.md", "Makefile", "*.py", "*.json") for path in ROOT.rglob(pattern)]
    for path in kept:
        if not {".venv", ".git", "node_modules"} & set(path.relative_to(ROOT).parts):
            assert not suspicious.search(path.read_text()), _named(path)
