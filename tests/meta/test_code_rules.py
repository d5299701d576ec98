"""Rules of the code that no linter knows; each test proves that it looked at something."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib import metadata

from tests.meta.sources import PRODUCT, ROOT, dotted, modules

LEAST_MODULES = 80
MAY_READ_ENVIRONMENT = {"bot/settings.py"}
# What Rasa and the numeric libraries read at import can only be set there; these read nothing.
MAY_SET_ENVIRONMENT = {"bot/engine/lean.py", "bot/engine/zygote.py", "bot/training/rasa_graph.py"}
ENVIRONMENT = {"os.environ", "os.environb", "os.getenv", "os.putenv"}
MAY_READ_TIME = {"bot/clock.py"}
TIME_CALLS = {
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.date.today",
    "date.today",
    "time.time",
    "time.time_ns",
    "time.localtime",
    "time.gmtime",
}
# Rasa brings these, and its pins decide their versions.
BROUGHT_BY_RASA = {"numpy", "scipy", "scikit-learn", "pyyaml", "ruamel-yaml", "psycopg2-binary"}
# Chosen by a URL or used by tools, never imported by us.
NOT_IMPORTED = {"sniffio", "tensorflow-cpu", "tzdata", "websockets"}


def test_environment_is_read_in_settings_only() -> None:
    product = modules(*PRODUCT)
    touched = {name for name, tree in product.items() if any(map(_is_environment, ast.walk(tree)))}
    reads = {
        name for name in touched if _environment_uses(product[name]) > _environment_sets(product[name])
    }
    assert len(product) >= LEAST_MODULES
    assert reads == MAY_READ_ENVIRONMENT
    assert touched - reads <= MAY_SET_ENVIRONMENT


def test_reading_the_environment_is_told_from_setting_it() -> None:
    sets = ast.parse("os.environ['A'] = '1'\nos.environ.setdefault('A', '1')\nos.environ.update({})")
    assert _environment_uses(sets) == _environment_sets(sets) == 3
    for text in (
        "x = os.environ['A']",
        "os.environ.get('A')",
        "from os import environ",
        "f(os.getenv('A'))",
    ):
        reads = ast.parse(text)
        assert _environment_uses(reads) > _environment_sets(reads)


def test_time_comes_from_the_clock() -> None:
    product = modules(*PRODUCT)
    found = {
        f"{name}:{node.lineno}"
        for name, tree in product.items()
        for node in ast.walk(tree)
        if (isinstance(node, ast.Attribute) and dotted(node) in TIME_CALLS)
        or (
            isinstance(node, ast.ImportFrom)
            and node.module == "time"
            and _names(node) & {"time", "time_ns"}
        )
    }
    assert len(product) >= LEAST_MODULES
    exempt = {place for place in found if place.partition(":")[0] in MAY_READ_TIME}
    assert exempt
    assert found == exempt


def test_every_module_says_what_it_is_for() -> None:
    product = modules(*PRODUCT)
    assert len(product) >= LEAST_MODULES
    silent = [name for name, tree in product.items() if not ast.get_docstring(tree)]
    assert silent == []


def test_modules_do_no_work_at_import() -> None:
    """No file, client or logging set-up: a call at the top level must be one of a few harmless kinds."""
    forbidden = {
        "open",
        "logging.basicConfig",
        "structlog.configure",
        "print",
        "asyncio.run",
        "load_dotenv",
    }
    product = modules(*PRODUCT)
    statements = [
        (f"{name}:{node.lineno}", dotted(node.func))
        for name, tree in product.items()
        for top in tree.body
        if isinstance(top, ast.Expr | ast.Assign | ast.AnnAssign | ast.With | ast.For)
        for node in ast.walk(top)
        if isinstance(node, ast.Call)
    ]
    assert len(statements) >= 50
    methods = (".read_text", ".read_bytes", ".write_text", ".mkdir", ".connect")
    assert [where for where, call in statements if call in forbidden or call.endswith(methods)] == []


def test_no_secret_is_a_literal() -> None:
    """A name that says secret must not be given a long text."""
    product = modules(*PRODUCT)
    named = re.compile(r"(?i)(password|secret|token|api_?key|credential)s?$")
    looked_at, found = 0, []
    for name, tree in product.items():
        for node in ast.walk(tree):
            for target, value in _assignments(node):
                if isinstance(value, ast.Constant) and isinstance(value.value, str):
                    looked_at += 1
                    if named.search(target) and re.fullmatch(r"[A-Za-z0-9+/=_:-]{12,}", value.value):
                        found.append(f"{name}:{value.lineno}")
    assert looked_at >= 100
    assert found == []


def test_dependencies_are_declared_used_and_locked() -> None:
    declared = _declared()
    imported = _imported()
    assert len(declared) >= 15
    assert len(imported) >= 10
    assert imported - declared == imported & BROUGHT_BY_RASA
    assert declared - imported <= NOT_IMPORTED
    lock = (ROOT / "requirements.lock").read_text()
    locked = {_plain(name) for name in re.findall(r"^([A-Za-z0-9._-]+)==", lock, re.MULTILINE)}
    assert declared <= locked
    assert "--hash=sha256:" in lock


def _is_environment(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        return node.module == "os" and bool(_names(node) & {"environ", "environb", "getenv", "putenv"})
    return dotted(node) in ENVIRONMENT


def _environment_uses(tree: ast.AST) -> int:
    return sum(map(_is_environment, ast.walk(tree)))


def _environment_sets(tree: ast.AST) -> int:
    """Count `os.environ[...] = ...` and calls of its setters."""
    return sum(
        (
            isinstance(node, ast.Subscript)
            and isinstance(node.ctx, ast.Store)
            and dotted(node.value) == "os.environ"
        )
        or (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Call)
            and dotted(node.value.func) in {"os.environ.setdefault", "os.environ.update"}
        )
        for node in ast.walk(tree)
    )


def _names(node: ast.ImportFrom) -> set[str]:
    return {alias.name for alias in node.names}


def _assignments(node: ast.AST) -> list[tuple[str, ast.expr]]:
    if isinstance(node, ast.Assign):
        return [(dotted(target).rpartition(".")[2], node.value) for target in node.targets]
    if isinstance(node, ast.AnnAssign) and node.value is not None:
        return [(dotted(node.target).rpartition(".")[2], node.value)]
    if isinstance(node, ast.keyword) and node.arg:
        return [(node.arg, node.value)]
    return []


def _declared() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return {_plain(re.split(r"[\[<>=!~; ]", line, maxsplit=1)[0]) for line in project["dependencies"]}


def _imported() -> set[str]:
    """Return the distributions that the product imports, ours and the standard library's aside."""
    names = set()
    for tree in modules(*PRODUCT).values():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.partition(".")[0])
    known = metadata.packages_distributions()
    outside = names - set(sys.stdlib_module_names) - set(PRODUCT)
    return {_plain(known[name][0]) for name in outside if name in known}


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_owners_change_in_one_place_only() -> None:
    """`Record.move` writes the audit entry; whoever moved a conversation elsewhere would leave none."""
    product = modules(*PRODUCT)
    moves = {
        name
        for name, tree in product.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "moved"
    }
    assert len(product) >= LEAST_MODULES
    assert moves == {"bot/services/record.py"}
