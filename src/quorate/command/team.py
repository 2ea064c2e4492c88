"""Team: the supervisor that GRAPH stands for."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ..contracts import InputError, QuorateError
from .failure import place_of
from .langgraph_json import NAME, LanggraphJson

if TYPE_CHECKING:
    from ..graphs import Supervisor

__all__ = ["find_team"]

_FORMS = f"a name in {NAME}, or module:attribute"


def find_team(graph: str, *, start: Path | None = None) -> Supervisor:
    """The supervisor that GRAPH stands for; its module is imported, and its factory is called.

    Args:
        graph: A name in `langgraph.json`, `module:attribute`, or `file.py:attribute`.
        start: Where to look for `langgraph.json`, and in the folders above; the current folder where None.

    Raises:
        InputError: There is no such graph, or it cannot be imported or made.
        QuorateError: What the graph's own code raised: a policy, a database, agents that do not fit together.
    """
    here = Path.cwd()
    if str(here) not in sys.path:
        sys.path.insert(0, str(here))
    project = LanggraphJson.find((start or here).absolute())
    if project is not None:
        project.enter()
    if ":" in graph:
        target, base = graph, here
    else:
        target, base = _named(graph, project, start or here), project.path.parent if project else here
    place, _, attribute = target.rpartition(":")
    if not place or not attribute.isidentifier():
        where = f"graph {graph!r}" if ":" in graph or project is None else f"{project.path}: graphs.{graph}"
        raise InputError(where, got=repr(target), expected=_FORMS, fix="correct it")
    module = _from_file(graph, base / place) if place.endswith(".py") else _from_module(graph, place)
    return _supervisor(graph, _attribute(graph, module, attribute))


def _named(graph: str, project: LanggraphJson | None, start: Path) -> str:
    if project is None:
        raise InputError(
            f"graph {graph!r}",
            got=f"no {NAME} in {start} or the folders above it",
            expected=_FORMS,
            fix=f"go to the folder with the {NAME}, or write module:attribute",
        )
    if graph not in project.graphs:
        raise InputError(
            f"{project.path}: graphs",
            got=f"no graph of the name {graph!r}",
            expected=f"one of {', '.join(project.graphs) or 'none: it names no graph'}",
            fix="correct the name, or write module:attribute",
        )
    return project.graphs[graph]


def _from_file(graph: str, path: Path) -> ModuleType:
    name = re.sub(r"\W", "_", str(path.resolve()))
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise InputError(f"graph {graph!r}", got=f"no file {path}", expected="a Python file", fix="correct the path")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # type hints of its classes are looked up there
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        if isinstance(error, ImportError) and "relative import" in str(error):
            raise _relative(graph, path, error) from error
        raise _failed(graph, error, f"{path} imports") from error
    return module


def _relative(graph: str, path: Path, error: ImportError) -> InputError:
    here = Path.cwd()
    inside = path.resolve().is_relative_to(here)
    module = ".".join(path.resolve().relative_to(here).with_suffix("").parts) if inside else "package.module"
    return InputError(
        f"graph {graph!r}",
        got=f"{error} (at {place_of(error)})",
        expected="a file without relative imports, or a module of a package",
        fix=f"write it as a module: {module}:{graph.rpartition(':')[2] if ':' in graph else 'attribute'}",
    )


def _from_module(graph: str, name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and f"{name}.".startswith(f"{error.name}."):
            raise InputError(
                f"graph {graph!r}",
                got=f"no module {error.name!r} in {Path.cwd()} or among what is installed",
                expected=_FORMS,
                fix="correct the name, or go to the folder that has it",
            ) from error
        raise _failed(graph, error, f"the module {name!r} imports") from error
    except (Exception, SystemExit) as error:
        raise _failed(graph, error, f"the module {name!r} imports") from error


def _attribute(graph: str, module: ModuleType, attribute: str) -> Any:
    try:
        return getattr(module, attribute)
    except AttributeError as error:
        public = [name for name in vars(module) if not name.startswith("_")]
        raise InputError(
            f"graph {graph!r}",
            got=f"no attribute {attribute!r} in {module.__file__ or module.__name__}",
            expected=f"one of {', '.join(public)[:200] or 'none'}",
            fix="correct the name",
        ) from error


def _supervisor(graph: str, found: Any) -> Supervisor:
    from ..graphs import Supervisor

    made = found
    if inspect.isfunction(found) or inspect.ismethod(found):
        made = _call(graph, found)
    # A builder knows its supervisor, and a compiled graph its builder.
    for candidate in (made, getattr(made, "supervisor", None), getattr(made, "builder", None)):
        supervisor = getattr(candidate, "supervisor", candidate)
        if isinstance(supervisor, Supervisor):
            return supervisor
    raise InputError(
        f"graph {graph!r}",
        got=f"{type(made).__name__} of no Supervisor" + (" from the function" if made is not found else ""),
        expected="a Supervisor, the builder or compiled graph of one, or a function without arguments that returns it",
        fix="name another attribute",
    )


def _call(graph: str, factory: Any) -> Any:
    needed = [
        each.name
        for each in inspect.signature(factory).parameters.values()
        if each.default is each.empty and each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
    ]
    if needed:
        raise InputError(
            f"graph {graph!r}",
            got=f"a function with the arguments {', '.join(needed)}",
            expected="a function without arguments that returns a Supervisor or its builder",
            fix="name another attribute, or give the arguments defaults",
        )
    try:
        return factory()
    except (Exception, SystemExit) as error:
        raise _failed(graph, error, f"{factory.__name__}() returns a Supervisor") from error


def _failed(graph: str, error: BaseException, expected: str) -> QuorateError:
    if isinstance(error, QuorateError):
        return error
    return InputError(
        f"graph {graph!r}",
        got=f"{type(error).__name__}: {error} (at {place_of(error)})",
        expected=expected,
        fix="correct its code; `quorate --debug …` shows the traceback",
    )
