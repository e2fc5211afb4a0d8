"""Medallia: what must hold before the numbers of an account are right."""

from collections.abc import Iterable

from tasks.connectors.medallia.surveys import named
from tasks.rest.spec import Precondition, Request, Values


def of_settings(settings: Values) -> Iterable[Precondition]:
    """The role sees every field that the settings name: one that it does not is not read.

    One record is asked for with all of them; the refusal names the field.
    """
    values = " ".join(
        f'{alias}: fieldData(fieldId: "{field}") {{ values }}'
        for alias, field in named(settings).items()
    )
    query = f"{{ feedback(first: 1) {{ nodes {{ {values} }} }} }}"
    yield Precondition("fields", Request("/data/v0/query", method="POST", body={"query": query}))
