"""Check a company's own tables, KPIs, rules, connectors and cases; nothing is changed."""

from flows.pipeline.doctor import Finding, finding
from tasks.own import read_own
from tasks.own_check import checks, empty_warehouse
from tasks.paths import own_folder
from tasks.settings import Settings


def check_own(settings: Settings) -> list[Finding]:
    """One finding for each file or rule that the folder of the settings file adds.

    What is not well described ends the check at once, because nothing of it could be built.
    """
    described = finding(settings, "files", _described)
    if not described.is_ok:
        return [described]
    with empty_warehouse() as warehouse:
        listed = checks(warehouse).items()
        return [described, *(finding(settings, subject, check) for subject, check in listed)]


def _described() -> str:
    own = read_own()
    return f"{own_folder()}: {own}"
