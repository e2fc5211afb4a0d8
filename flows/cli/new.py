"""The commands `new ...`: skeletons that pass their checks, in a checkout and in one's own folder.

In the folder of a settings file they are what that folder may hold: no fake, no quality sheet, no
second calculation.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from string import Template
from typing import Annotated

import typer

from flows.cli import console
from tasks.errors import ConfigurationError
from tasks.paths import DOCS, own_folder, settings_file

_SKELETONS = Path(__file__).parent / "skeletons"
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_APPENDED = "+"  # a skeleton `kpis.yml+` is an entry for the end of `kpis.yml`
_FIRST_LINES = {"value_map.csv": "connector,kind,raw,unified\n"}  # of a file that begins with one
_OF_A_CHECKOUT = re.compile(r"tasks/sandbox/|tests/models/kpi/|.*/(quality|harness)\.yml")
_OWN = "own_"  # skeletons of an own folder alone

app = typer.Typer(
    help="Write the files of something new: a connector, a KPI, a model, a rule.",
    no_args_is_help=True,
)

Name = Annotated[str, typer.Argument(help="Lower case words joined by underscores.")]
Folder = Annotated[
    Path | None,
    typer.Option(help="Folder to write to: that of a settings file, or a checkout."),
]


@app.command()
def kpi(name: Name, folder: Folder = None) -> None:
    """Write a KPI: its SQL, its entry in kpis.yml, and its expected rows."""
    from tasks.sqlmodels.kpis import kpis

    _write("kpi", folder, name, lambda: name in kpis())


@app.command()
def model(name: Name, folder: Folder = None) -> None:
    """Write a mart: its SQL, its description, its data rules and a test case."""
    from tasks.sqlmodels.catalog import models

    _write("model", folder, name, lambda: f"marts.{name}" in models())


@app.command()
def connector(name: Name, folder: Folder = None) -> None:
    """Write a connector: its declaration and a sample; in a checkout also a fake of the vendor."""
    from tasks.connectors import names

    _write("connector", folder, name, lambda: name in names())


@app.command()
def rule(
    name: Annotated[str, typer.Argument(help="The entity or mart that the rule is of.")],
    folder: Folder = None,
) -> None:
    """Write a data rule at the end of the rules of an entity or mart."""
    from tasks.sqlmodels.catalog import columns_of_subject

    target = _target(folder)
    columns = [column.name for column in columns_of_subject(name)]
    if not columns:
        raise ConfigurationError(f"there is no entity and no mart {name}")
    path = target / "expectations" / f"{name}.yml"
    template = Template((_SKELETONS / "rule.yml.tmpl").read_text(encoding="utf-8"))
    first = "" if path.exists() else "expectations:\n"
    _append(path, first + template.substitute(column=_column_for_a_rule(name, columns)))
    console.line(f"added to {path}")
    _say_next("rule", is_own=not _is_checkout(target))


def _column_for_a_rule(subject: str, columns: Iterable[str]) -> str:
    """A column for which nothing says yet that it has to be filled."""
    from tasks.quality.rules import has_rules, rules_of

    rules = rules_of(subject) if has_rules(subject) else ()
    taken = {rule.columns for rule in rules if rule.type.endswith("not_be_null")}
    free = [name for name in columns if (name,) not in taken]
    return free[0] if free else next(iter(columns))


def _write(kind: str, folder: Path | None, name: str, is_known: Callable[[], bool]) -> None:
    """Write every file of a skeleton and print what to do next.

    Raises ConfigurationError for a bad name, for one that is in use, and where nothing of the kind
    belongs.
    """
    if not _NAME.fullmatch(name):
        raise ConfigurationError(f"{name!r}: use lower case words joined by underscores")
    target = _target(folder)
    is_own = not _is_checkout(target)
    words = name.replace("_", " ")
    values = {"name": name, "title": words.capitalize(), "type": words.title().replace(" ", "")}
    files = dict(_files(kind, target, values, is_own=is_own))
    taken = [path for path in files if path.exists() and not _is_appended(path)]
    if taken or is_known():
        raise ConfigurationError(
            f"{taken[0] if taken else name} is there already; choose another name"
        )
    for path, text in files.items():
        _put(path, text)
    for path in files:
        verb = "added to" if _is_appended(path) else "wrote"
        console.line(f"{verb} {_without_mark(path)}")
    _say_next(kind, is_own=is_own)


def _say_next(kind: str, *, is_own: bool) -> None:
    if is_own:
        page = DOCS / "extending.md"
        console.line(f"next: make it yours, then `support-etl check`; {page} explains it")
    else:
        console.line(f"next: the recipe for a new {kind} in CONTRIBUTING.md")


def _target(folder: Path | None) -> Path:
    """Where to write. Raises ConfigurationError outside of a checkout and of an own folder."""
    if folder is None:
        folder = Path() if _is_checkout(Path()) else own_folder() or Path()
    if not (_is_checkout(folder) or folder.absolute() == own_folder()):
        raise ConfigurationError(
            f"{folder.absolute()} is not a checkout of Support ETL, nor the folder of"
            f" {settings_file()}; `support-etl init` writes such a file"
        )
    return folder


def _is_checkout(folder: Path) -> bool:
    return (folder / "tests" / "models").is_dir() and (folder / "tasks" / "connectors").is_dir()


def _files(
    kind: str,
    folder: Path,
    values: Mapping[str, str],
    *,
    is_own: bool,
) -> Iterator[tuple[Path, str]]:
    """Give each file of a skeleton with its text, with `NAME` in its path filled in."""
    kinds = (kind, f"{_OWN}{kind}") if is_own else (kind,)
    for skeleton in (_SKELETONS / each for each in kinds):
        for template in sorted(skeleton.rglob("*.tmpl")):
            path = template.relative_to(skeleton).as_posix().removesuffix(".tmpl")
            if not (is_own and _OF_A_CHECKOUT.match(path)):
                place = path.removeprefix("tasks/") if is_own else path
                text = Template(template.read_text(encoding="utf-8")).substitute(values)
                yield folder / place.replace("NAME", values["name"]), text


def _is_appended(path: Path) -> bool:
    return path.name.endswith(_APPENDED)


def _without_mark(path: Path) -> Path:
    return path.with_name(path.name.removesuffix(_APPENDED))


def _put(path: Path, text: str) -> None:
    if _is_appended(path):
        target = _without_mark(path)
        first = "" if target.exists() else _FIRST_LINES.get(target.name, "")
        _append(target, first + text)
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _append(path: Path, text: str) -> None:
    """Add to the end of a file, on a line of its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    gap = "\n" if before and not before.endswith("\n") else ""
    path.write_text(before + gap + text, encoding="utf-8")
