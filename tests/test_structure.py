"""What may use what: the arrows and bans that the import linter cannot see, read from the syntax tree of every file."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CORE = sorted(ROOT.glob("core/**/*.py"))
PARTS = sorted(ROOT.glob("pages/*/**/*.py"))
SCRIPTS = [ROOT / "app.py", *sorted(ROOT.glob("pages/*.py"))]
STANDARD = sys.stdlib_module_names
PICKLERS = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
COMPONENT = {"st.components", "st.components.v2", "st.components.v2.component"}  # its HTML is a constant of ours
SCRIPTING = (
    "innerHTML",
    "outerHTML",
    "insertAdjacentHTML",
    "document.write",
    "eval(",
    "Function(",
    "fetch(",
    "import(",
)
LOADER = ROOT / "core/models/importers/torch_files.py"
UNPICKLING = {"read_pickle", "to_pickle", "allow_pickle", "weights_only"}


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def imports(path: Path) -> Iterator[str]:
    """The modules that a file imports anywhere in it, those for the type checker alone left out."""
    waiting: list[ast.AST] = [tree(path)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            waiting.extend(node.orelse)
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        waiting.extend(ast.iter_child_nodes(node))


def names(path: Path) -> Iterator[str]:
    """Dotted names, keyword arguments and imports of a file."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Attribute):
            yield ast.unparse(node)
        elif isinstance(node, ast.keyword) and node.arg:
            if ast.unparse(node) != "allow_pickle=False":
                yield node.arg
        elif isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.alias):
            yield node.name


def failing(paths: list[Path], faults: Callable[[Path], object]) -> dict[str, object]:
    """The files in which something is found, and what."""
    return {str(path.relative_to(ROOT)): found for path in paths if (found := faults(path))}


def test_there_are_files_to_look_at() -> None:
    assert CORE
    assert PARTS
    assert all(path.is_file() for path in SCRIPTS)


def test_a_page_uses_streamlit_pages_and_core_only() -> None:
    def others(path: Path) -> list[str]:
        known = (*STANDARD, "streamlit", "core", "pages")
        return [module for module in imports(path) if module.partition(".")[0] not in known]

    assert failing([*SCRIPTS, *PARTS], others) == {}


def test_core_knows_neither_streamlit_nor_pages() -> None:
    """But for the visitor, which stands where a browser stands and speaks a server's messages."""
    core = [path for path in CORE if path.name != "visitor.py"]
    known = {"streamlit", "pages", "app", "tests"}
    assert failing(core, lambda path: known & {module.partition(".")[0] for module in imports(path)}) == {}


def test_models_use_torch_the_read_outs_targets_and_the_language_only() -> None:
    used = {
        module.rpartition(".")[0] for module in imports(ROOT / "core/models/recurrent.py") if module.startswith("core")
    }
    assert used == {"core.runtime.i18n", "core.models.read_outs", "core.data", "core.data.labels", "core.data.targets"}


def test_figures_use_plotly_the_language_and_each_other_only() -> None:
    for path in sorted(ROOT.glob("core/figures/**/*.py")):
        others = [module for module in imports(path) if module.partition(".")[0] not in STANDARD]
        allowed = (
            "plotly",
            "numpy",
            "pandas",
            "core.text.emoji",
            "core.runtime.i18n",
            "core.data.labels",
            "core.data.targets",
            "core.figures",
        )
        assert [module for module in others if not module.startswith(allowed)] == [], path.name


def test_nothing_is_unpickled_and_no_raw_html_is_let_through() -> None:
    def unsafe(path: Path) -> list[str]:
        used = list(names(path))
        if path == LOADER:  # which the next test watches
            used = [name for name in used if name not in ("torch.load", "weights_only")]
        components = {name for name in used if name.startswith("st.components")}
        return [
            *({module.partition(".")[0] for module in imports(path)} & PICKLERS),
            *(UNPICKLING & {name.rpartition(".")[2] for name in used}),
            *(name for name in used if name in ("torch.load", "torch.save", "torch.hub", "eval", "exec")),
            *(name for name in used if "unsafe_allow" in name or name.startswith("st.iframe")),
            *(components - (COMPONENT if path.name in ("frame.py", "text_strip.py", "word_order.py") else set())),
        ]

    assert failing([*CORE, *PARTS, *SCRIPTS], unsafe) == {}


def test_files_of_torch_are_opened_for_weights_alone_and_not_from_pages() -> None:
    calls = [node for node in ast.walk(tree(LOADER)) if isinstance(node, ast.Call)]
    loads = [call for call in calls if ast.unparse(call.func) == "torch.load"]
    assert len(loads) == 1
    told = {keyword.arg: ast.unparse(keyword.value) for keyword in loads[0].keywords}
    assert told["weights_only"] == "True"
    for path in [*PARTS, *SCRIPTS]:
        assert not any(module.startswith("core.models.importers") for module in imports(path)), path.name


def test_html_is_written_in_one_place() -> None:
    writers = [path for path in [*PARTS, *SCRIPTS] if "st.html" in names(path)]
    assert writers == [ROOT / "pages/wording/tokens.py"]


def test_a_components_script_writes_no_html_and_asks_nobody() -> None:
    scripts = sorted(ROOT.glob("pages/widgets/*.js"))
    assert [path.name for path in scripts] == ["copy_link.js", "text_strip.js", "word_order.js"]
    for path in [*scripts, *ROOT.glob("pages/widgets/*.css")]:
        source = path.read_text(encoding="utf-8")
        assert [word for word in SCRIPTING if word in source] == []
        assert "://" not in source.replace("http://www.w3.org/2000/svg", ""), path.name


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("pages.widgets.frame", ("torch", "gensim", "pandas", "scipy", "sklearn", "pyarrow")),
        ("core.__main__", ("torch", "gensim", "plotly", "pandas", "scipy", "sklearn", "pyarrow", "streamlit")),
        ("core.models.predict", ("torch", "gensim", "plotly", "pandas", "scipy", "sklearn", "pyarrow", "streamlit")),
        ("core.models.recurrent", ("gensim", "plotly", "pandas", "scipy", "sklearn", "pyarrow", "streamlit")),
    ],
)
def test_heavy_libraries_are_imported_where_they_are_used(module: str, heavy: tuple[str, ...]) -> None:
    code = f"import sys, {module}; print(*sorted(set(sys.modules) & {set(heavy)}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_only_tests_in_a_browser_take_its_page() -> None:
    """What is called ``page`` asks pytest-playwright for a browser, and moves the browser's tests among the others."""
    takers = [
        f"{path.name}: {node.name}"
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        if "browser" not in path.parts
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
        if "page" in [argument.arg for argument in node.args.args]
    ]
    assert takers == []


def test_no_message_hides_in_an_f_string() -> None:
    """Where the catalogues' extractor does not look on Python before 3.12."""

    def hidden(path: Path) -> list[str]:
        return [
            ast.unparse(call)
            for string in ast.walk(tree(path))
            if isinstance(string, ast.JoinedStr)
            for call in ast.walk(string)
            if isinstance(call, ast.Call) and ast.unparse(call.func) in ("_", "gettext", "ngettext")
            if any(isinstance(argument, ast.Constant) and isinstance(argument.value, str) for argument in call.args)
        ]

    assert failing([*CORE, *PARTS, *SCRIPTS], hidden) == {}


def test_every_test_that_the_security_page_names_exists() -> None:
    named = re.findall(r"`(test_\w+)`", (ROOT / "SECURITY.md").read_text(encoding="utf-8"))
    sources = (path.read_text(encoding="utf-8") for path in ROOT.glob("tests/**/test_*.py"))
    there = {name for source in sources for name in re.findall(r"def (test_\w+)\(", source)}
    assert named and set(named) - there == set()


def test_core_holds_only_packages_of_at_most_sixteen_modules() -> None:
    assert {path.name for path in ROOT.glob("core/*.py")} == {"__init__.py", "__main__.py", "api.py"}
    packages = {path.parent for path in [*CORE, *PARTS]} - {ROOT / "core"}
    counts = {folder: len(list(folder.glob("*.py"))) - (folder / "__init__.py").is_file() for folder in packages}
    assert {str(folder): count for folder, count in counts.items() if count > 16} == {}
