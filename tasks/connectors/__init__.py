"""The vendors: one package each, declarations only. The package's name is the vendor's name.

The folder of the settings file may add vendors in `connectors/`, and installed packages by the
entry point group `support_etl.connectors`. Their code runs with the rights of the pipeline.
"""

import importlib
import importlib.util
import pkgutil
import sys
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from types import ModuleType

from tasks.additions import packaged, place_of, refuse_clash
from tasks.errors import ConfigurationError
from tasks.paths import own_folder
from tasks.rest.spec import Connector

_PACKAGE = "__init__.py"


def names() -> tuple[str, ...]:
    """The names of all vendors, without importing any.

    Raises ConfigurationError where two are named alike.
    """
    return tuple(places())


def places() -> dict[str, str]:
    """Where each vendor comes from: "shipped", a folder, or an installed package."""
    return _places(own_folder())


@cache
def _places(own: Path | None) -> dict[str, str]:
    shipped = {info.name for info in pkgutil.iter_modules(__path__) if info.ispkg}
    found = dict.fromkeys(shipped, "shipped")
    more = [(path.name, str(path)) for path in _own_packages(own)]
    more += [(name, place_of(point)) for name, point in packaged().items()]
    for name, place in more:
        if name in found:
            first = Path(__file__).parent / name if name in shipped else found[name]
            refuse_clash("connector", name, first, place)
        found[name] = place
    return dict(sorted(found.items()))


def _own_packages(own: Path | None) -> list[Path]:
    return sorted(file.parent for file in own.glob(f"connectors/*/{_PACKAGE}")) if own else []


def connector(name: str) -> Connector:
    """The vendor of that name. Raises ConfigurationError that lists the known ones."""
    return _connector(name, own_folder())


@cache
def _connector(name: str, own: Path | None) -> Connector:
    found = _places(own)
    if name not in found:
        near = get_close_matches(name, found, n=1)
        advice = f"did you mean {near[0]}?" if near else f"there are {', '.join(found)}"
        raise ConfigurationError(f"connector {name!r} is not known; {advice}")
    if found[name] == "shipped":
        declared: Connector = importlib.import_module(f"{__name__}.{name}").connector
        return declared
    try:
        given = _packaged(name) if name in packaged() else _own(name, Path(found[name])).connector
    except ConfigurationError as wrong:
        raise ConfigurationError(f"connector {name} ({found[name]}): {wrong}") from None
    except Exception as error:
        raise ConfigurationError(
            f"connector {name} ({found[name]}) cannot be read: {type(error).__name__}: {error}"
        ) from error
    return _checked(name, found[name], given)


def connectors() -> dict[str, Connector]:
    """All vendors by name."""
    return {name: connector(name) for name in names()}


def forget_connectors() -> None:
    """Look for connectors again at the next call: those of the folder may have changed."""
    _places.cache_clear()
    _connector.cache_clear()


def _packaged(name: str) -> object:
    return packaged()[name].load()


def _own(name: str, folder: Path) -> ModuleType:
    """Import a package of the folder, by the name that a shipped one would have."""
    full_name = f"{__name__}.{name}"
    for loaded in [each for each in sys.modules if f"{each}.".startswith(f"{full_name}.")]:
        del sys.modules[loaded]
    spec = importlib.util.spec_from_file_location(
        full_name, folder / _PACKAGE, submodule_search_locations=[str(folder)]
    )
    assert spec is not None  # of a file that is there
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[full_name] = module
    spec.loader.exec_module(module)
    return module


def _checked(
    name: str,
    place: str,
    given: object,
) -> Connector:
    if not isinstance(given, Connector):
        raise ConfigurationError(f"connector {name} ({place}): `connector` is no Connector")
    if given.name != name:
        raise ConfigurationError(f"connector {name} ({place}): it is named {given.name!r} inside")
    return given
