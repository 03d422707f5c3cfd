"""The code's own shape: names, lengths, rooms, and where SQL may stand."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVICES = ("accounts", "roster", "booking", "queue", "cases", "notifications", "web")
PRODUCT = [path for folder in ("services", "shared", "deploy") for path in sorted((ROOT / folder).rglob("*.py"))]
TESTS = sorted((ROOT / "tests").rglob("*.py"))
LONGEST_FILE = 450
TOP_LEVEL = {
    "services", "shared", "deploy", "tests", "docker-compose.yml", "pyproject.toml", "requirements.txt",
    "requirements-local.txt", "requirements-dev.txt", "Makefile", "README.md", "CHANGELOG.md", "CONTRIBUTING.md",
    "LICENSE", ".ci", ".env.example", ".gitignore", ".dockerignore", ".gitattributes",
}  # fmt: skip
BUCKETS = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "models", "misc"}
STATEMENT = re.compile(
    r"^\s*(select\s|insert\s+into\s|update\s+\w+\s+set\s|delete\s+from\s|with\s+\w+\s+as\s|create\s+(table|index|role|database|function)\s"
    r"|alter\s+(table|role|database)\s|drop\s|grant\s|revoke\s|lock\s+table\s|truncate\s)",
    re.IGNORECASE,
)
SQL_ROOMS = ("sql.py", "database.py", "databases.py")


def relative(path):
    return str(path.relative_to(ROOT))


def statements(source):
    """String constants of a module that read as SQL, docstrings left out."""
    tree = ast.parse(source)
    documentation = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in documentation
        and STATEMENT.match(node.value)
    ]


def test_the_top_level_is_fixed():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert {line.split("/")[0] for line in listed.splitlines()} <= TOP_LEVEL


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_the_same_role_files(service):
    folder = ROOT / "services" / service
    wanted = {"__init__", "__main__", "app", "settings", "routes", "domain"}
    if service != "web":
        wanted |= {"commands", "queries", "sql", "consumers"} - (
            {"consumers"} if service in {"accounts", "roster"} else set()
        )
        assert sorted((folder / "migrations").glob("01*.sql")), "a service with a database has migrations"
    there = {path.stem for path in folder.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert wanted <= there
    said = ast.get_docstring(ast.parse((folder / "__init__.py").read_text())) or ""
    for word in ("owns", "publishes", "consumes", "promises"):
        assert word in said.lower(), f"the docstring of services.{service} says what it {word}"


@pytest.mark.parametrize("path", PRODUCT + TESTS, ids=relative)
def test_a_file_can_be_read_at_one_sitting(path):
    assert len(path.read_text().splitlines()) <= LONGEST_FILE


@pytest.mark.parametrize("path", PRODUCT, ids=relative)
def test_no_file_is_a_bucket(path):
    assert path.stem not in BUCKETS
    assert path.parent.name not in BUCKETS


@pytest.mark.parametrize("path", PRODUCT, ids=relative)
def test_sql_stands_in_its_room_alone(path):
    if path.name in SQL_ROOMS or path.parent.name == "sql":
        return
    assert statements(path.read_text()) == []


def test_the_search_for_sql_finds_it():
    found = statements('"""select nothing: documentation."""\nrows = connection.fetch("""\n  SELECT 1 from slot""")')
    assert len(found) == 1


def test_imports_keep_to_the_architecture():
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", PRODUCT + TESTS, ids=relative)
def test_nothing_is_left_unfinished(path):
    assert not re.search(r"#\s*(TODO|FIXME|HACK)\b", path.read_text())
    assert "NotImplementedError" not in path.read_text() or path.name in {"base.py", "test_structure.py"}
