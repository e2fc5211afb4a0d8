"""Where sql/, expectations/ and deployments/ are, in a checkout and in an installed wheel.

The folder of the settings file may hold more of the same layout: a company's own tables, KPIs,
rules and connectors.
"""

import os
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_PACKAGE = Path(__file__).resolve().parent
_ROOT = _PACKAGE.parent if (_PACKAGE.parent / "sql").is_dir() else _PACKAGE / "_data"

SQL = _ROOT / "sql"
EXPECTATIONS = _ROOT / "expectations"
DEPLOYMENTS = _ROOT / "deployments"
DOCS = _ROOT / "docs"  # in a wheel the pages that messages name: extending.md and files.md

# by libyaml, where PyYAML was built with it: eight times as fast
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def settings_file() -> Path:
    """SUPPORT_ETL_CONFIG, or support_etl.toml in the current folder."""
    return Path(os.environ.get("SUPPORT_ETL_CONFIG", "support_etl.toml"))


def own_folder() -> Path | None:
    """The folder of the settings file, which may add to what is shipped.

    None where there is no settings file, and in a checkout: there the folders are the shipped ones.
    """
    return _folder_of(os.environ.get("SUPPORT_ETL_CONFIG"), Path.cwd())


@cache
def _folder_of(config: str | None, here: Path) -> Path | None:
    file = settings_file().absolute()
    return file.parent if file.is_file() and file.parent.resolve() != _ROOT else None


def forget_own_folder() -> None:
    """Look for the settings file again at the next call."""
    _folder_of.cache_clear()


def yaml_names(text: str) -> list[str]:
    """The names at the top level of a YAML file, as often as they stand there."""
    node = yaml.compose(text, Loader=_Loader)
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return [str(name.value) for name, _ in pairs]


def read_yaml(path: Path) -> Any:  # noqa: ANN401  whatever the file holds
    """What a YAML file says."""
    text = path.read_text(encoding="utf-8")
    return yaml.load(text, Loader=_Loader)  # noqa: S506 - either loader is a safe one
