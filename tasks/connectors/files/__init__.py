"""Tables that no vendor's API has: files or queries of a database.

One setting a table: a path or fsspec URL, a query that begins with `select` or `with`, or a table
of settings that also says how its columns are called and written (`tasks/tabular/declared.py`).
"""

from tasks.connectors.files import (
    calendar,
    channels,
    fields,
    people,
    plans,
    quality,
    targets,
    tickets,
)
from tasks.rest.auth import NoSecret
from tasks.rest.spec import Connector, Request
from tasks.tabular.declared import SHARED

_STREAMS = (
    *tickets.STREAMS,
    *fields.STREAMS,
    *people.STREAMS,
    *quality.STREAMS,
    *channels.STREAMS,
    *calendar.STREAMS,
    *plans.STREAMS,
    *targets.STREAMS,
)

connector = Connector(
    name="files",
    title="Files",
    docs="docs/files.md",
    api_version="1",
    base_url="file:",
    optional_settings=(*(stream.name for stream in _STREAMS), *SHARED),
    auth=NoSecret(given=("database_url",)),
    check=Request("files"),
    streams=_STREAMS,
    unsupported=("what your files do not have",),
)
