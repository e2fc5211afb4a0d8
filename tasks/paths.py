"""Where sql/, expectations/ and deployments/ are, in a checkout and in an installed wheel."""

from pathlib import Path
from typing import Any

import yaml

_PACKAGE = Path(__file__).resolve().parent
_ROOT = _PACKAGE.parent if (_PACKAGE.parent / "sql").is_dir() else _PACKAGE / "_data"

SQL = _ROOT / "sql"
EXPECTATIONS = _ROOT / "expectations"
DEPLOYMENTS = _ROOT / "deployments"

# by libyaml, where PyYAML was built with it: eight times as fast
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(path: Path) -> Any:  # noqa: ANN401  whatever the file holds
    """What a YAML file says."""
    text = path.read_text(encoding="utf-8")
    return yaml.load(text, Loader=_Loader)  # noqa: S506 - either loader is a safe one
