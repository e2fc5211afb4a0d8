"""Where sql/ and expectations/ are, in a checkout and in an installed wheel."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_ROOT = _PACKAGE.parent if (_PACKAGE.parent / "sql").is_dir() else _PACKAGE / "_data"

SQL = _ROOT / "sql"
EXPECTATIONS = _ROOT / "expectations"
