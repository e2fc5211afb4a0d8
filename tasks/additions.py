"""What a company adds to what is shipped, without a fork.

The folder of the settings file may hold `sql/`, `expectations/` and `connectors/` of the shipped
layout. Installed packages bring connectors by the entry point group `support_etl.connectors`.
"""

import importlib.util
from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import yaml

from tasks.errors import ConfigurationError
from tasks.paths import own_folder, read_yaml, yaml_names

GROUP = "support_etl.connectors"
VALUE_MAP = "value_map.csv"  # of a packaged connector, next to its module


def added(
    folder: str,
    pattern: str,
) -> list[Path]:
    """Files that the folder of the settings file adds, such as `sql/marts` and `*.yml`."""
    own = own_folder()
    return sorted((own / folder).glob(pattern)) if own else []


def packaged() -> dict[str, EntryPoint]:
    """Connectors of installed packages, by name.

    Raises ConfigurationError where two packages bring the same name.
    """
    named: dict[str, EntryPoint] = {}
    for point in entry_points(group=GROUP):
        if point.name in named and named[point.name].value != point.value:
            refuse_clash("connector", point.name, place_of(named[point.name]), place_of(point))
        named[point.name] = point
    return named


def place_of(point: EntryPoint) -> str:
    """A package's connector, in words."""
    package = point.dist.name if point.dist else "an installed package"
    return f"{point.value} of {package}"


def packaged_value_maps() -> Iterator[Path]:
    """The value maps that packaged connectors bring."""
    for point in packaged().values():
        found = importlib.util.find_spec(point.module)
        if found and found.origin:
            path = Path(found.origin).parent / VALUE_MAP
            if path.is_file():
                yield path


def refuse_clash(
    kind: str,
    name: str,
    first: object,
    second: object,
) -> None:
    """Raise ConfigurationError: two places have something of the same name."""
    raise ConfigurationError(
        f"two {kind}s are named {name}: {first} and {second}; rename the one that is yours"
    )


def counted(count: int, noun: str) -> str:
    """A number and its noun, such as `1 rule` and `2 rules`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def described(path: Path) -> dict[str, object]:
    """What a YAML file of the folder says, by name; nothing if it is empty.

    Raises ConfigurationError that names file and line where it cannot be read.
    """
    try:
        content = read_yaml(path)
        names = yaml_names(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as wrong:
        raise ConfigurationError(f"{path}: {' '.join(str(wrong).split())}") from None
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigurationError(f"{path}: {', '.join(twice)} stands there twice")
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigurationError(f"{path}: names with values are expected, such as `name: value`")
    return content
