"""Answers with one odd value: the rest of the page is read as if it were not there. No network."""

import re
from datetime import UTC, datetime

import msgspec
import pytest

from tasks.entities import CONTRACT, COST_ENTRY, TICKET, Entity
from tasks.errors import TruncatedPageError
from tasks.rest.paging import SinglePage
from tasks.rest.sections import page_reader
from tasks.rest.spec import MAIN, Output, RecordContext, Stream
from tasks.rest.typed import PageReader
from tasks.rest.values import Path, TopLevelList, sql
from tasks.translation.columns import RecordBuffer, Rows, translate

AT = datetime(2026, 11, 1, tzinfo=UTC)
CREATED = "2026-11-01T08:00:00Z"
FIELDS = {
    "ticket_id": "id",
    "assignee_id": "agent",
    "created_at": "created",
    "status": sql("'open'"),
}


def _stream(output: Output) -> Stream:
    return Stream(
        name="tickets",
        description="",
        path="/tickets",
        records="tickets",
        paging=SinglePage(),
        outputs=(output,),
    )


def _rows(body: str, output: Output | None = None) -> Rows:
    output = output or Output(TICKET, fields=FIELDS)
    stream = _stream(output)
    reader = page_reader(stream, MAIN)
    buffer = RecordBuffer()
    buffer.add(reader.decode(body.encode()).records, 1, None, AT)
    return translate(stream, output, reader, buffer, personal=True)


def _page(*records: str) -> str:
    return '{"tickets":[' + ",".join(records) + "]}"


def _record(key: str, agent: str = "900") -> str:
    return f'{{"id":{key},"agent":{agent},"created":"{CREATED}"}}'


class TestAFloatAmongIds:
    """A page's ids became text with ".0" because one of them was written so."""

    def test_spoils_no_id_of_its_page(self):
        odd = ("10003.0", "1.0004e4", "12345678901234567890.0", '"a"', "5.00")
        for other in odd:
            rows = _rows(_page(_record("10001"), _record(other, "903.0"), _record("10002")))
            assert rows.table["ticket_id"].to_pylist()[::2] == ["10001", "10002"], other
            assert rows.table["assignee_id"].to_pylist() == ["900", "903", "900"]

    def test_is_the_id_that_it_stands_for(self):
        page = _page(*map(_record, ("10001", "10003.0", "1.0004e4", "12345678901234567890.0")))
        assert _rows(page).table["ticket_id"].to_pylist() == [
            "10001",
            "10003",
            "10004",
            "12345678901234567890",
        ]

    def test_with_a_fraction_changes_only_itself(self):
        rows = _rows(_page(_record("10001"), _record("10003.5")))
        assert rows.table["ticket_id"].to_pylist() == ["10001", "10003.5"]

    def test_with_a_fraction_changes_only_itself_inside_an_expression(self):
        """`{id} || '-opened'` wrote 10001.0-opened for all of the page."""
        fields = {**FIELDS, "ticket_id": sql("{id} || '-a'"), "assignee_id": sql("{agent_id}")}
        records = [
            f'{{"id":{key},"agent_id":{agent},"created":"{CREATED}"}}'
            for key, agent in (("9007199254740993", "900"), ("10003.5", "902.5"), ("7", "901"))
        ]
        rows = _rows(_page(*records), Output(TICKET, fields=fields))
        assert rows.table["ticket_id"].to_pylist() == ["9007199254740993-a", "10003.5-a", "7-a"]
        assert rows.table["assignee_id"].to_pylist() == ["900", "902.5", "901"]

    def test_is_whole_for_a_record_function_too(self):
        def made(record, context: RecordContext):
            yield {
                "ticket_id": str(record["id"]),
                "assignee_id": record["agent"],
                "created_at": record["created"],
                "status": "open",
            }

        rows = _rows(_page(_record("1"), _record("2.0", "903.0")), Output(TICKET, transform=made))
        assert rows.table["ticket_id"].to_pylist() == ["1", "2"]
        assert rows.table["assignee_id"].to_pylist() == ["900", "903"]


COST = {
    "entry_id": "id",
    "team": sql("'Tier 1'"),
    "category": sql("'labour'"),
    "amount": sql("1"),
    "currency": sql("'EUR'"),
}


def _refused(entity: Entity, given: dict[str, object], fields: dict[str, object]) -> list[str]:
    """The reasons for which these values of one record are set aside."""
    record = msgspec.json.encode({"id": "1", **given}).decode()
    return _rows(_page(record), Output(entity, fields=fields)).refused["reason"].to_pylist()


class TestANumberThatIsNone:
    """Text such as nan or inf is a number to a database, and one of them spoils every sum."""

    @pytest.mark.parametrize("written", ["nan", "NaN", "-nan", "inf", "-Infinity", "1e300", "ten"])
    def test_is_set_aside_by_name(self, written):
        for value in ("minutes", sql("cast({minutes} as double) / 60")):
            fields = FIELDS | {"vendor_first_reply_minutes": value}
            (reason,) = _refused(TICKET, {"minutes": written, "created": CREATED}, fields)
            assert reason.startswith("vendor_first_reply_minutes: ")

    def test_of_an_ordinary_size_is_read(self):
        fields = FIELDS | {"vendor_first_reply_minutes": "minutes"}
        for written in ("0", "-1.5", "1e3", 12, 1e12):
            assert _refused(TICKET, {"minutes": written, "created": CREATED}, fields) == []


class TestADayThatIsNone:
    """A year of two digits is one of the first century, and every calendar table grows to it."""

    @pytest.mark.parametrize(
        "written", ["5/3/26", "05-03-26", "26-03-05", "0206-03-05", "1900-01-01", "9999-12-31", "x"]
    )
    def test_is_set_aside_by_name(self, written):
        fields = COST | {"posted_on": "day"}
        (reason,) = _refused(COST_ENTRY, {"day": written}, fields)
        assert reason.startswith("posted_on: ")
        fields = FIELDS | {"created_at": "day"}
        (reason,) = _refused(TICKET, {"day": written}, fields)
        assert reason.startswith("created_at: ")

    def test_may_stand_for_always_where_something_is_valid(self):
        fields = {
            "contract_id": "id",
            "organization_id": "id",
            "starts_on": "from",
            "ends_on": "until",
        }
        always = {"from": "1900-01-01", "until": "9999-12-31"}
        assert _refused(CONTRACT, always, fields) == []
        (reason,) = _refused(CONTRACT, {"from": "0026-03-05"}, fields)
        assert "starts_on: outside 1900 to 9999" in reason


class TestAPageThatIsWholeButNoStrictJson:
    """It was taken for a cut page, asked for six times, and blocked its stream on every run."""

    reader = PageReader(records="tickets", values=[Path("id"), Path("subject")])

    @pytest.mark.parametrize(
        ("subject", "read"),
        [
            (rb'"\ud83d help"', "\ufffd help"),
            (rb'"help \udc00"', "help \ufffd"),
            (rb'"\ud83d\ude00 \ud83d"', "\U0001f600 \ufffd"),
            (rb'"a\\ud83d"', "a\\ud83d"),
            (b'"a\x0bb"', "a b"),
            (b'"a\nb"', "a b"),
            (b'"caf\xe9"', "caf\ufffd"),
            (b'"NaN and \\"Infinity"', 'NaN and "Infinity'),
        ],
        ids=lambda value: repr(value)[:24],
    )
    def test_a_bad_character_is_replaced(self, subject: bytes, read: str):
        body = b'{"tickets":[{"id":1,"subject":%s},{"id":2,"x":NaN}],"end":true}' % subject
        page = self.reader.decode(body)
        assert self.reader.column(page.records, "id") == [1, 2]
        assert self.reader.column(page.records, "subject") == [read, None]
        assert not page.unreadable
        msgspec.json.decode(page.repaired or b"")

    @pytest.mark.parametrize("unread", [b"NaN", b"-Infinity", b"[" * 10_000 + b"]" * 10_000])
    def test_an_odd_value_that_nobody_reads_costs_nothing(self, unread: bytes):
        page = self.reader.decode(b'{"tickets":[{"id":1,"x":%s},{"id":2}]}' % unread)
        assert self.reader.column(page.records, "id") == [1, 2]

    def test_a_byte_order_mark_is_no_part_of_the_page(self):
        page = self.reader.decode(b'\xef\xbb\xbf{"tickets":[{"id":1}]}')
        assert self.reader.column(page.records, "id") == [1]

    @pytest.mark.parametrize("odd", [b'{"id":01}', rb'{"id":"\q"}', b'{"id":1e999}', b"{'id':1}"])
    def test_a_record_that_cannot_be_read_is_rejected_alone(self, odd: bytes):
        page = self.reader.decode(b'{"tickets":[{"id":1},%s,{"id":2}]}' % odd)
        assert self.reader.column(page.records, "id") == [1, 2]
        assert len(page.unreadable) == 1

    @pytest.mark.parametrize("end", [b"", b"}", b"]", b'],"x":"', b'],"x":"}', b"]}]", b"]}{}"])
    def test_a_cut_page_stays_cut(self, end: bytes):
        with pytest.raises(TruncatedPageError):
            self.reader.decode(rb'{"tickets":[{"id":1,"subject":"\ud83d"},{"id":2}' + end)

    def test_a_cut_page_is_asked_for_again_though_a_record_has_another_shape(self):
        reader = PageReader(records="tickets", values=[Path("a.b")])
        with pytest.raises(TruncatedPageError):
            reader.decode(b'{"tickets":[{"a":"text"},{"a":{"b":1}')

    def test_a_list_of_records_is_repaired_alike(self):
        reader = PageReader(records=TopLevelList(), values=[Path("id")])
        page = reader.decode(rb'[{"id":"\ud83d"},{"id":01},{"id":3}]')
        assert reader.column(page.records, "id") == ["\ufffd", 3]
        assert len(page.unreadable) == 1


class TestATimeOutsideAnySupportDesk:
    """It ended the run of every account, without a name."""

    @pytest.mark.parametrize(
        "odd",
        [
            "infinity",
            "-infinity",
            "0044-03-15 (BC) 10:00:00",
            "-0044-01-01T00:00:00Z",
            "0001-01-01T00:00:00Z",
            "1989-12-31T23:59:59Z",
            "2100-01-01T00:00:00Z",
            "9999-12-31T23:59:59Z",
            "290000-01-01T00:00:00Z",
        ],
    )
    @pytest.mark.parametrize("column", ["created", "solved"])
    def test_rejects_its_row_by_name(self, column: str, odd: str):
        output = Output(TICKET, fields={**FIELDS, "solved_at": "solved"})
        rows = _rows(
            _page(_record("1"), f'{{"id":2,"created":"{CREATED}","{column}":"{odd}"}}'), output
        )
        assert rows.table["ticket_id"].to_pylist() == ["1"]
        assert rows.refused["ticket_id"].to_pylist() == ["2"]
        reason = rows.refused["reason"].to_pylist()[0]
        assert re.fullmatch(
            rf"{column}_at: (outside 1990 to 2100|not an instant): {re.escape(odd)}", reason
        )

    @pytest.mark.parametrize("good", ["1990-01-01T00:00:00Z", "2099-12-31T23:59:59Z", CREATED])
    def test_others_stay(self, good: str):
        rows = _rows(_page(f'{{"id":2,"created":"{good}"}}'))
        assert rows.table["created_at"].to_pylist() == [datetime.fromisoformat(good)]
