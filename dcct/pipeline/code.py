"""What decides a step's numbers in code: the modules that do its work and all that they import.

Neither Snakemake nor DVC sees edits of an imported package. So each step has a digest of the syntax
trees of these modules, without docstrings and comments: a rule takes it as a param, a DVC stage
from a params file. Editing a loss trains again; editing a docstring, a figure or a progress bar
does not.
"""

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from dcct.errors import ConfigError

PACKAGE = Path(__file__).parents[1]
PLUMBING = ("errors.py", "files.py", "config/", "pipeline/", "provenance/", "runtime/")
"""What moves, checks, watches and announces, or hands on settings that are watched themselves."""
TEXTS = {".css", ".html", ".js", ".rst", ".jinja", ".md", ".tex"}
"""What a step may fill or show that is no code."""
NEW_IN_PYTHON_3_12 = "type_params"
"""A field of definitions that Python 3.11 has not: while it is empty, all have the same digest."""
DIGITS = 16


@cache
def code_of(verb: str, modules: tuple[str, ...]) -> str:
    """Digest of the code that decides what a verb makes: its function, what that names of the
    verbs' files, and these modules with all that they import."""
    whole = hashlib.sha256("\n".join(_said(_functions()[verb])).encode())
    for named in _named_in(verb):
        whole.update("\n".join(_said(named)).encode())
    _add_modules(whole, modules)
    return whole.hexdigest()[:DIGITS]


def code_in(modules: tuple[str, ...]) -> str:
    """Digest of these modules with all that they import."""
    whole = hashlib.sha256()
    _add_modules(whole, modules)
    return whole.hexdigest()[:DIGITS]


@cache
def files_of(modules: tuple[str, ...]) -> list[Path]:
    """Source files, and texts of folders, on which these modules' results depend, sorted."""
    found: set[Path] = set()
    places = [PACKAGE / module for module in modules]
    for place in places:
        if not place.exists():
            raise ConfigError(f"{place}: no such module: put the step's `modules` right")
    texts = {file for place in places if place.is_dir() for file in place.iterdir()}
    waiting = [place for place in places if place.is_file()]
    while waiting:
        file = waiting.pop()
        if file not in found:
            found.add(file)
            waiting.extend(file for file in imports_of(file) if not _decides_nothing(file))
    return sorted(found | {file for file in texts if file.suffix in TEXTS})


@cache
def imports_of(file: Path) -> tuple[Path, ...]:
    """Files of this package that `file` imports, anywhere in it."""
    modules: list[str] = []
    for node in _executed(_tree(file)):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            modules += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names]
    return tuple(sorted({path for module in modules for path in _module_files(module)}))


def _executed(tree: ast.AST) -> Iterator[ast.AST]:
    """All of a tree that may hold imports, but what type checkers alone read."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.expr):  # most of a tree, and no import is in any
            continue
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        yield node
        waiting.extend(ast.iter_child_nodes(node))


@cache
def _functions() -> dict[str, ast.FunctionDef]:
    """Functions of the verbs, by name."""
    trees = (_tree(file) for file in sorted((PACKAGE / "verbs").glob("*.py")))
    return {
        node.name: node for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef)
    }


def _named_in(verb: str) -> list[ast.stmt]:
    """Constants and functions of the verbs' files that a verb's body names, and that those name."""
    found: dict[str, ast.stmt] = {}
    function = _functions()[verb]
    own = {verb, *(one.arg for one in function.args.args)}
    waiting: list[ast.AST] = [ast.Module(body=function.body, type_ignores=[])]
    while waiting:
        nodes = list(ast.walk(waiting.pop()))
        names = [node for node in nodes if isinstance(node, ast.Name)]
        local = {node.id for node in names if isinstance(node.ctx, ast.Store)}
        local |= {node.arg for node in nodes if isinstance(node, ast.arg)}
        for name in {node.id for node in names} - local - own - {*found}:
            if definition := _definitions().get(name):
                found[name] = definition
                waiting.append(definition)
    return [found[name] for name in sorted(found)]


@cache
def _definitions() -> dict[str, ast.stmt]:
    """What the verbs' files define, by name: constants, and functions that are no verbs."""
    trees = (_tree(file) for file in sorted((PACKAGE / "verbs").glob("*.py")))
    found: dict[str, ast.stmt] = {}
    for node in (node for tree in trees for node in tree.body):
        if isinstance(node, ast.FunctionDef) and not node.decorator_list:
            found[node.name] = node
        elif isinstance(node, ast.Assign):
            found |= {one.id: node for one in node.targets if isinstance(one, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found[node.target.id] = node
    return found


@cache
def _digest(file: Path) -> bytes:
    if file.suffix != ".py":
        return hashlib.sha256(file.read_bytes()).digest()
    return hashlib.sha256("\n".join(_said(_tree(file))).encode()).digest()


@cache
def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def _said(tree: ast.AST) -> list[str]:
    """A syntax tree as lines, without positions, docstrings and comments."""
    lines: list[str] = []

    def say(value: object) -> None:  # generators within generators take five times as long
        if isinstance(value, ast.AST):
            lines.append(type(value).__name__)
            for name in value._fields:
                field = getattr(value, name, None)
                if field or name != NEW_IN_PYTHON_3_12:
                    say(field)
        elif isinstance(value, list):
            lines.append(str(len(value)))
            for one in value:
                if not _is_docstring(one):
                    say(one)
        else:
            lines.append(repr(value))

    say(tree)
    return lines


def _is_docstring(statement: object) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def _add_modules(whole: "hashlib._Hash", modules: tuple[str, ...]) -> None:
    for file in files_of(modules):
        whole.update(file.relative_to(PACKAGE).as_posix().encode())
        whole.update(_digest(file))


def _decides_nothing(file: Path) -> bool:
    return file.relative_to(PACKAGE).as_posix().startswith(PLUMBING)


@cache
def _module_files(module: str) -> list[Path]:
    """The file of a module of this package; none for anything else."""
    first, *rest = module.split(".")
    if first != PACKAGE.name or not rest:
        return []
    path = PACKAGE.joinpath(*rest)
    return [file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()]
