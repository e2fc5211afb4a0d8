"""Jira Service Management: how its API is asked."""

from functools import partial

from tasks.rest.paging import Offset
from tasks.rest.shapes import full_refresh

full = partial(
    full_refresh,
    at="/rest/api/3",
    records="values",
    paging=Offset("startAt", "maxResults", 50, ends="isLast"),
)
