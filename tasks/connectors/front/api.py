"""Front: how its API is asked."""

from functools import partial

from tasks.rest.paging import LinkWithQuery
from tasks.rest.shapes import full_refresh

HUNDREDS = LinkWithQuery(at="_pagination.next", size={"limit": "100"})

full = partial(full_refresh, at="", records="_results")
