"""Whether a list gets anywhere: pages that repeat, or bring nothing new, would never end."""

from tasks.errors import RepeatedPageError
from tasks.rest.received import ReceivedPage
from tasks.rest.spec import Request
from tasks.rest.typed import Decoded

_MOST_KNOWN = 20  # pages in a row with the records of earlier ones
_MOST_EMPTY = 5000  # pages in a row without records: more than the days of ten years
_LONGEST_INNER = 10_000  # pages of the children of one record, or of a list of parents


class Progress:
    """Follows the pages of one list.

    `most` bounds a list that is known to be short: the children of a record, a list of parents.
    """

    def __init__(self, name: str, most: int | None = None) -> None:
        self._name, self._most = name, most
        self._earlier: set[str] = set()
        self._pages_read: set[int] = set()
        self._known_in_a_row = 0
        self._count = 0
        self._previous: bytes | None = None

    @classmethod
    def inner(cls, name: str) -> "Progress":
        """Of the children of a record, or of a list of parents."""
        return cls(name, _LONGEST_INNER)

    def begin(self) -> None:
        """Start the list of another partition: an empty one is not the end of the next."""
        self._known_in_a_row = 0

    def check(self, following: Request | None, page: ReceivedPage, *, is_empty: bool) -> None:
        """Take note of a page. Raises RepeatedPageError where following it would never end."""
        self._count += 1
        self._refuse_repeats(following, None if is_empty else page.body)
        self._refuse_no_progress(page)
        if self._most is not None and self._count > self._most:
            raise RepeatedPageError(f"{self._name}: more than {self._most:,} pages; stopped")

    def _refuse_repeats(self, following: Request | None, body: bytes | None) -> None:
        """A page that leads to one already read, or that comes twice in a row.

        Pages without records (`body` None), such as days without a file, are alike.
        """
        asked = None if following is None else repr(following)
        if asked is not None and asked in self._earlier:
            raise RepeatedPageError(
                f"{self._name}: the next page is one that was already read; stopped"
            )
        if body is not None and body == self._previous:
            raise RepeatedPageError(f"{self._name}: the same page came twice in a row; stopped")
        self._previous = body
        if asked is not None:
            self._earlier.add(asked)

    def _refuse_no_progress(self, page: ReceivedPage) -> None:
        """Pages whose records were all read before, or that have none, under ever new cursors."""
        if page.records and all(is_blank(record) for record in page.records):
            return  # nothing of them is read: they cannot be distinguished
        content = hash((page.partition, *map(repr, page.records)))
        is_known = not page.records or content in self._pages_read
        self._known_in_a_row = self._known_in_a_row + 1 if is_known else 0
        self._pages_read.add(content)
        most = _MOST_KNOWN if page.records else _MOST_EMPTY
        if self._known_in_a_row > most:
            raise RepeatedPageError(
                f"{self._name}: {self._known_in_a_row} pages in a row brought nothing new; stopped"
            )


def is_blank(record: Decoded) -> bool:
    """Whether a record has none of the fields that are read."""
    return not record if isinstance(record, dict) else bool(record == type(record)())
