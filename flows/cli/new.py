"""The commands `new connector`, `new kpi` and `new model`: skeletons that pass their tests."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from string import Template
from typing import Annotated

import typer

from flows.cli import console
from tasks.errors import ConfigurationError

_SKELETONS = Path(__file__).parent / "skeletons"
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_APPENDED = "+"  # a skeleton `kpis.yml+` is an entry for the end of `kpis.yml`

app = typer.Typer(
    help="Write the files of something new, for contributors: a connector, a KPI, a model.",
    no_args_is_help=True,
)

Name = Annotated[str, typer.Argument(help="Lower case words joined by underscores.")]
Checkout = Annotated[Path, typer.Option(help="Folder of the checkout to write to.")]


@app.command()
def kpi(name: Name, folder: Checkout = Path()) -> None:
    """Write a KPI: its SQL, its entry in kpis.yml, its expected rows, a second calculation."""
    _write("kpi", folder, name)


@app.command()
def model(name: Name, folder: Checkout = Path()) -> None:
    """Write a mart: its SQL, its description, its data rules and a test case."""
    _write("model", folder, name)


@app.command()
def connector(name: Name, folder: Checkout = Path()) -> None:
    """Write a connector: its declaration, a fake of the vendor, a sample, its quality sheet."""
    _write("connector", folder, name)


def _write(kind: str, folder: Path, name: str) -> None:
    """Write every file of a skeleton and print what to do next.

    Raises ConfigurationError for a bad name, outside of a checkout, and if a file is there already.
    """
    _check(folder, name)
    words = name.replace("_", " ")
    values = {"name": name, "title": words.capitalize(), "type": words.title().replace(" ", "")}
    files = dict(_files(kind, folder, values))
    taken = [path for path in files if path.exists() and not _is_appended(path)]
    if taken:
        raise ConfigurationError(f"{taken[0]} is there already; choose another name")
    for path, text in files.items():
        _put(path, text)
    for path in files:
        verb = "added to" if _is_appended(path) else "wrote"
        console.line(f"{verb} {_target(path)}")
    console.line(f"next: the recipe for a new {kind} in CONTRIBUTING.md")


def _check(folder: Path, name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ConfigurationError(f"{name!r}: use lower case words joined by underscores")
    if not (folder / "tests" / "models").is_dir():
        raise ConfigurationError(f"{folder.absolute()} is not a checkout of Support ETL")


def _files(kind: str, folder: Path, values: Mapping[str, str]) -> Iterable[tuple[Path, str]]:
    """Give each file of a skeleton with its text, with `NAME` in its path filled in."""
    skeleton = _SKELETONS / kind
    for template in sorted(skeleton.rglob("*.tmpl")):
        path = template.relative_to(skeleton).as_posix().removesuffix(".tmpl")
        target = folder / path.replace("NAME", values["name"])
        yield target, Template(template.read_text(encoding="utf-8")).substitute(values)


def _is_appended(path: Path) -> bool:
    return path.name.endswith(_APPENDED)


def _target(path: Path) -> Path:
    return path.with_name(path.name.removesuffix(_APPENDED))


def _put(path: Path, text: str) -> None:
    if _is_appended(path):
        with _target(path).open("a", encoding="utf-8") as file:
            file.write(text)
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
