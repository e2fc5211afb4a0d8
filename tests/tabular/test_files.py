"""Tables in files as people have them: what is read, what is set aside, what is refused.

The files are real, and go the way of a run as far as typed rows.
"""

import gzip
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from tasks.clock import Window
from tasks.connectors import connector
from tasks.entities import ENTITIES
from tasks.errors import ConfigurationError
from tasks.extract import open_client, read, streams_of
from tasks.rest.client import Account, Client
from tasks.rest.received import Bookmark
from tasks.settings import AccountSettings
from tasks.validate import Reader

START = datetime(2026, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 5, 15, tzinfo=UTC)
NOTHING_READ = Bookmark()
BUDGET = "version;month_on;team;category;paid_for;kind;amount;currency\n"


class Desk:
    """An account of files, read as a run reads it."""

    def __init__(self, **settings) -> None:
        self.account = AccountSettings(
            connector="files", name="own", **{"personal_data": True, **settings}
        )
        self.pages = []
        self.remarks = []

    def read(self, name: str, bookmark: Bookmark = NOTHING_READ):
        """Rows by entity, and the reasons of what is set aside."""
        stream = next(s for s in streams_of(self.account) if s.name == name)
        client = Client(connector("files"), Account("own", {}, settings=self.account.own))
        self.pages = [
            page.__class__(**{**{f: getattr(page, f) for f in page.__slots__}, "number": number})
            for number, page in enumerate(read(client, stream, Window(START, NOW), bookmark), 1)
        ]
        self.remarks = client.remarks.get(name, [])
        rows, reasons = {}, []
        reader = Reader(stream, True, self.account.own, 1.0)
        for checked in reader.rows(self.pages):
            rows.setdefault(checked.entity.name, []).extend(checked.rows.to_pylist())
            reasons += [row.reason for row in checked.rejected]
        return rows, reasons

    @property
    def cursor(self) -> str | None:
        return next((p.cursor for p in reversed(self.pages) if p.cursor), None)


@pytest.fixture
def file(tmp_path):
    def write(name: str, text: str | bytes) -> str:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    return write


@pytest.fixture
def sheet(tmp_path):
    def write(name: str, **sheets) -> str:
        book = openpyxl.Workbook()
        book.remove(book.active)
        for title, rows in sheets.items():
            page = book.create_sheet(title.replace("_", " "))
            for row in rows:
                page.append(row)
        book.save(tmp_path / name)
        return str(tmp_path / name)

    return write


def amounts(rows, column: str = "amount") -> list[Decimal]:
    (table,) = rows.values()
    return [row[column] for row in table]


def line(amount: str, paid_for: str = "", month: str = "2026-03-01") -> str:
    return f"2026;{month};Tier 1;labour;{paid_for};fixed;{amount};EUR\n"


# Case 1: numbers


def test_a_comma_anywhere_in_a_column_proves_how_its_numbers_are_written(file):
    path = file(
        "budget.csv",
        "\ufeff" + BUDGET + line("31.200", "a") + line("1.234,50", "b") + line("180,00", "c"),
    )
    rows, reasons = Desk(budget_lines=path).read("budget_lines")
    assert amounts(rows) == [Decimal(31200), Decimal("1234.5"), Decimal(180)]
    assert reasons == []


def test_numbers_that_can_be_read_in_two_ways_are_asked_for(file):
    path = file("budget.csv", BUDGET + line("31.200", "a") + line("180", "b"))
    with pytest.raises(ConfigurationError, match=r"'31\.200'.*two ways.*set decimal"):
        Desk(budget_lines=path).read("budget_lines")
    rows, _ = Desk(budget_lines={"path": path, "decimal": ","}).read("budget_lines")
    assert amounts(rows) == [31200, 180]
    rows, _ = Desk(budget_lines={"path": path, "decimal": "."}).read("budget_lines")
    assert amounts(rows) == [Decimal("31.2"), 180]
    rows, _ = Desk(budget_lines=path, thousands=".").read("budget_lines")
    assert amounts(rows) == [31200, 180]


def test_marks_of_currencies_parentheses_and_spaces_belong_to_numbers(file):
    written = ("18,600.00", "1 250.00", "(250.00)", "EUR 95.50", "€ 7.25", "1'000.00", "12.00-")
    lines = "".join(line(amount, str(place)) for place, amount in enumerate(written))
    rows, reasons = Desk(budget_lines=file("b.csv", BUDGET + lines)).read("budget_lines")
    expected = ("18600", "1250", "-250", "95.5", "7.25", "1000", "-12")
    assert amounts(rows) == [Decimal(one) for one in expected]
    assert reasons == []


def test_a_mark_of_another_currency_and_what_is_no_number_are_set_aside(file):
    lines = line("USD 95.50", "a") + line("1.5", "b") + line("1,23.5", "c") + line("90 %", "d")
    rows, reasons = Desk(budget_lines=file("b.csv", BUDGET + lines)).read("budget_lines")
    assert amounts(rows) == [Decimal("1.5")]
    assert reasons == [
        "amount: USD in a row whose currency is EUR",
        "amount: not a number: 1,23.5",
        "amount: not a number: 90 %",
    ]


def test_two_conventions_in_one_column_are_refused_with_both(file):
    path = file("b.csv", BUDGET + line("1.234,50", "a") + line("1,234.50", "b"))
    with pytest.raises(ConfigurationError, match=r"'1\.234,50' and '1,234\.50'.*correct one"):
        Desk(budget_lines=path).read("budget_lines")


def test_another_column_or_another_file_of_the_set_decides(file, tmp_path):
    file("2026-01.csv", BUDGET + line("31.200", "a"))
    file("2026-02.csv", BUDGET + line("180,00", "b"))
    rows, _ = Desk(budget_lines=str(tmp_path / "2026-*.csv")).read("budget_lines")
    assert sorted(amounts(rows)) == [180, 31200]
    header = "month_on;team;fte;monthly_cost\n"
    path = file("headcount.csv", header + "2026-03-01;Tier 1;2,5;5.200\n")
    rows, _ = Desk(headcount_plan=path).read("headcount_plan")
    assert amounts(rows, "monthly_cost") == [5200]


# Case 2: days


@pytest.mark.parametrize("day", ["5/3/26", "05-03-26", "26-03-05", "0206-03-05", "31.02.2026"])
def test_a_year_of_two_digits_or_no_day_is_set_aside(file, day: str):
    text = f"version,month_on,team,category,kind,amount,currency\n2026,{day},T,labour,fixed,1.5,EUR"
    rows, (reason,) = Desk(budget_lines=file("b.csv", text)).read("budget_lines")
    assert rows == {"budget_line": []}
    assert reason.startswith("month_on: not a day")


def test_a_format_of_the_settings_reads_years_of_two_digits(file):
    text = "entry_id,posted_on,team,category,amount,currency\na,5/3/26,T,labour,1.5,EUR\n"
    table = {"path": file("costs.csv", text), "date_format": "%d/%m/%y"}
    rows, _ = Desk(cost_entries=table).read("cost_entries")
    assert [row["posted_on"] for row in rows["cost_entry"]] == [date(2026, 3, 5)]


def test_the_order_of_days_is_proved_by_one_or_asked_for(file):
    head = "entry_id,posted_on,team,category,amount,currency\n"
    path = file("costs.csv", head + "a,05/03/2026,T,labour,1.5,EUR\nb,25/03/2026,T,labour,1,EUR\n")
    rows, _ = Desk(cost_entries=path).read("cost_entries")
    assert [row["posted_on"].month for row in rows["cost_entry"]] == [3, 3]
    path = file("costs.csv", head + "a,05/03/2026,T,labour,1.5,EUR\nb,03/25/2026,T,labour,1,EUR\n")
    rows, _ = Desk(cost_entries=path).read("cost_entries")
    assert [row["posted_on"].month for row in rows["cost_entry"]] == [5, 3]
    path = file("costs.csv", head + "a,05/03/2026,T,labour,1.5,EUR\n")
    with pytest.raises(ConfigurationError, match=r"05/03/2026.*set date_order = 'dmy' or 'mdy'"):
        Desk(cost_entries=path).read("cost_entries")
    rows, _ = Desk(cost_entries=path, date_order="mdy").read("cost_entries")
    assert rows["cost_entry"][0]["posted_on"] == date(2026, 5, 3)


def test_instants_without_a_zone_are_asked_for(file):
    text = "review_id,reviewed_at\n1,2026-07-01 09:30\n"
    path = file("reviews.csv", text)
    with pytest.raises(ConfigurationError, match=r"reviewed_at has no time zone.*set time_zone"):
        Desk(quality_reviews=path).read("quality_reviews")
    rows, _ = Desk(quality_reviews=path, time_zone="Europe/Rome").read("quality_reviews")
    assert rows["quality_review"][0]["reviewed_at"] == datetime(2026, 7, 1, 7, 30, tzinfo=UTC)
    path = file("reviews.csv", "review_id,reviewed_at\n1,2026-07-01T09:30:00+02:00\n")
    rows, _ = Desk(quality_reviews=path).read("quality_reviews")
    assert rows["quality_review"][0]["reviewed_at"] == datetime(2026, 7, 1, 7, 30, tzinfo=UTC)


# Case 3: months


def test_a_day_within_a_month_counts_as_the_month(file):
    lines = line("1000", "a", "2026-03-31") + line("200", "b", "15.03.2026")
    lines += line("50", "c", "March 2026") + line("7", "d", "2026-03")
    rows, _ = Desk(budget_lines=file("b.csv", BUDGET + lines)).read("budget_lines")
    assert {row["month_on"] for row in rows["budget_line"]} == {date(2026, 3, 1)}
    assert sum(amounts(rows)) == 1257


def test_a_second_line_of_one_month_and_purpose_is_set_aside_and_not_lost(file):
    lines = line("1000", "", "2026-03-31") + line("200", "", "2026-03-15") + line("50", "c") * 2
    rows, reasons = Desk(budget_lines=file("b.csv", BUDGET + lines)).read("budget_lines")
    assert amounts(rows) == [1000, 50, 50]  # equal rows are merged when they are loaded
    (reason,) = reasons
    assert reason.startswith("another row of the file has the same key: version 2026, month_on")


# Case 6: files that are not the expected table


def test_title_rows_and_cover_sheets_are_passed_over(sheet):
    head = ["version", "month_on", "team", "category", "kind", "amount", "currency"]
    row = ["2026", date(2026, 3, 1), "Tier 1", "labour", "fixed", 31200, "EUR"]
    path = sheet(
        "budget.xlsx",
        Cover=[["Support budget 2026"], ["for the board"]],
        Plan=[["Budget 2026 - Support"], [], head, row],
    )
    rows, reasons = Desk(budget_lines=path).read("budget_lines")
    assert amounts(rows) == [31200]
    assert reasons == []


def test_two_sheets_with_the_table_are_asked_for(sheet):
    rows = [["review_id", "reviewed_at"], ["1", "2026-03-05T10:00:00Z"]]
    path = sheet("qa.xlsx", March=rows, April=rows)
    with pytest.raises(ConfigurationError, match="sheet April; set sheet"):
        Desk(quality_reviews=path).read("quality_reviews")
    found, _ = Desk(quality_reviews={"path": path, "sheet": "April"}).read("quality_reviews")
    assert len(found["quality_review"]) == 1
    with pytest.raises(ConfigurationError, match="no sheet 'May'; there are 'March', 'April'"):
        Desk(quality_reviews={"path": path, "sheet": "May"}).read("quality_reviews")


@pytest.mark.parametrize(
    ("name", "mark", "first"),
    [("b.csv", ";", "sep=;\n"), ("b.tsv", "\t", ""), ("b.txt", "|", ""), ("b.csv", ",", "")],
)
def test_any_separator_is_recognised_and_a_first_line_that_names_it(file, name, mark, first):
    text = first + (BUDGET + line("31200.00")).replace(";", mark)
    rows, _ = Desk(budget_lines=file(name, text)).read("budget_lines")
    assert amounts(rows) == [31200]


@pytest.mark.parametrize(
    "months",
    [
        ("Jan 2026", "Feb 2026", "Mar 2026"),
        ("gen 2026", "feb 2026", "mar 2026"),
        ("Januar 2026", "Februar 2026", "März 2026"),
        ("sty 2026", "lut 2026", "mar 2026"),
        ("01/2026", "02/2026", "03/2026"),
        ("Jan-26", "Feb-26", "Mar-26"),
    ],
)
def test_one_column_a_month_becomes_one_row_a_month(file, months):
    head = f"version;team;category;kind;currency;{';'.join(months)};Total\n"
    body = "2026;Tier 1;labour;fixed;EUR;100,50;200;;300,50\n"
    body += "2026;Total;labour;fixed;EUR;100,50;200;;300,50\n"
    desk = Desk(budget_lines=file("b.csv", head + body))
    rows, reasons = desk.read("budget_lines")
    found = {row["month_on"]: row["amount"] for row in rows["budget_line"]}
    assert found == {date(2026, 1, 1): Decimal("100.5"), date(2026, 2, 1): Decimal(200)}
    assert reasons == ["a row of totals of b.csv (team: Total)"]
    assert desk.remarks == ["b.csv: columns that are not read: total"]


def test_months_of_spreadsheets_are_days_and_what_they_hold_is_asked_for(sheet):
    head = ["team", date(2026, 1, 1), date(2026, 2, 1)]
    path = sheet("people.xlsx", Plan=[head, ["Tier 1", 6, 6.5]])
    with pytest.raises(ConfigurationError, match="set months_are to what they hold: fte"):
        Desk(headcount_plan=path).read("headcount_plan")
    table = {"path": path, "months_are": "fte"}
    rows, _ = Desk(headcount_plan=table).read("headcount_plan")
    assert [row["fte"] for row in rows["headcount_plan"]] == [6, 6.5]


def test_a_misspelt_column_is_refused_with_the_nearest(file):
    head = "entry_id,posted_on,team,category,amount,currency,service_from,service_until\n"
    path = file("costs.csv", head + "a,2026-01-05,T,licences,12000.00,EUR,2026-01-01,2026-12-31\n")
    with pytest.raises(
        ConfigurationError, match=r'columns = \{ service_from_on = "service_from" \}'
    ):
        Desk(cost_entries=path).read("cost_entries")
    path = file("people.csv", "month_on,team,FTEs\n2026-01-01,T,3\n")
    with pytest.raises(ConfigurationError, match="no column fte or handle_minutes"):
        Desk(headcount_plan=path).read("headcount_plan")
    table = {"path": path, "columns": {"fte": "FTEs"}}
    assert amounts(Desk(headcount_plan=table).read("headcount_plan")[0], "fte") == [3]


def test_a_file_that_is_not_the_table_says_what_was_found_and_expected(file):
    path = file("budget.csv", "Budget 2026 - Support\nVersoin;Month;Team\n2026;2026-03-01;Tier 1\n")
    with pytest.raises(ConfigurationError) as refused:
        Desk(budget_lines=path).read("budget_lines")
    said = str(refused.value)
    assert said.startswith("budget.csv: no column category, currency, kind, month_on, version")
    assert "found: versoin, month, team" in said
    assert 'version = "versoin"' in said


def test_a_row_with_more_values_than_columns_is_set_aside(file):
    text = (
        BUDGET.replace(";", ",").replace("paid_for,", "") + "2026,2026-03-01,T,x,fixed,1,234.50,EUR"
    )
    rows, reasons = Desk(budget_lines=file("b.csv", text)).read("budget_lines")
    assert rows == {"budget_line": []}
    assert reasons == ["more values than columns: EUR"]


@pytest.mark.parametrize(
    ("content", "advice"),
    [
        (BUDGET.encode("utf-16"), "not UTF-8 text"),
        ((BUDGET + line("1", "Gebühr")).encode("cp1252"), "set encoding, such as cp1252"),
        (b"", "it has no rows; expected category"),
    ],
)
def test_a_file_that_cannot_be_opened_says_what_to_do(file, content, advice):
    with pytest.raises(ConfigurationError, match=advice):
        Desk(budget_lines=file("b.csv", content)).read("budget_lines")


def test_a_packed_file_is_unpacked_and_an_error_of_a_spreadsheet_is_set_aside(file):
    lines = BUDGET + line("1.5", "#REF!") + line("2.5", "b")
    path = file("b.csv.gz", gzip.compress(lines.encode()))
    rows, reasons = Desk(budget_lines=path).read("budget_lines")
    assert amounts(rows) == [Decimal("2.5")]
    assert reasons == ["paid_for: an error of the spreadsheet: #REF!"]


def test_an_encoding_of_the_settings_is_used(file):
    path = file("b.csv", (BUDGET + line("1", "Gebühr")).encode("cp1252"))
    rows, _ = Desk(budget_lines=path, encoding="cp1252").read("budget_lines")
    assert rows["budget_line"][0]["paid_for"] == "Gebühr"


# Settings


@pytest.mark.parametrize(
    ("table", "advice"),
    [
        ({"paht": "x"}, "no setting calls.paht; did you mean path?"),
        ({"path": "x", "columns": {"call": "y"}}, "call has no column call; did you mean call_id?"),
        ({"path": "x", "query": "select 1"}, "set either path or query"),
        ({"path": "x", "time_zone": "Rome"}, "'Rome' is no IANA time zone"),
        ({"query": "select 1", "changed_by": "offered_at"}, "the query has no `:since`"),
    ],
)
def test_settings_that_cannot_work_say_what_to_write(table, advice):
    with pytest.raises(ConfigurationError, match=advice.replace("?", r"\?")):
        Desk(calls=table).read("calls")


def test_every_entity_of_a_company_has_a_table():
    read_by = {o.entity.name for s in connector("files").streams for o in s.outputs}
    assert set(ENTITIES) - read_by == {"vendor_measure"}


def test_own_fields_come_from_a_table_of_them(file):
    path = file("fields.csv", "ticket_id,field_id,value\n1,plan,gold\n1,area,\n")
    desk = Desk(ticket_fields=path, fields={"plan": "plan"})
    rows, _ = desk.read("ticket_fields")
    assert [(row["field_id"], row["value"]) for row in rows["ticket_field"]] == [
        ("plan", "gold"),
        ("area", None),
    ]
    with pytest.raises(ConfigurationError, match="own fields of the ticket are not read"):
        open_client(Desk(tickets=path, fields={"plan": "plan"}).account)


# Formats and what has changed


def test_parquet_and_json_lines_bring_the_rows_of_a_csv_file(file, tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    csv = file("calls.csv", "call_id,offered_at,talk_seconds\nc1,2026-03-05T10:00:00Z,61.5\n")
    expected = Desk(calls=csv).read("calls")[0]["call"]
    instant = datetime(2026, 3, 5, 10, tzinfo=UTC)
    table = pa.table({"call_id": ["c1"], "offered_at": [instant], "talk_seconds": [61.5]})
    pq.write_table(table, tmp_path / "calls.parquet")
    record = {"call": {"id": "c1"}, "offered_at": "2026-03-05T10:00:00Z", "talk_seconds": 61.5}
    lines = file("calls.jsonl", json.dumps(record) + "\n")
    for one in (
        str(tmp_path / "calls.parquet"),
        {"path": lines, "columns": {"call_id": "call.id"}},
    ):
        found = Desk(calls=one).read("calls")[0]["call"]
        assert [{**r, "received_at": 0} for r in found] == [
            {**r, "received_at": 0} for r in expected
        ]


def test_a_file_that_did_not_change_is_not_read_again(file, tmp_path):
    file("calls_1.csv", "call_id,offered_at\nc1,2026-03-05T10:00:00Z\n")
    file("calls_2.csv", "call_id,offered_at\nc2,2026-03-06T10:00:00Z\n")
    desk = Desk(calls=str(tmp_path / "calls_*.csv"))
    assert len(desk.read("calls")[0]["call"]) == 2
    bookmark = Bookmark(cursor=desk.cursor)
    assert desk.read("calls", bookmark) == ({}, [])
    file("calls_2.csv", "call_id,offered_at\nc2,2026-03-06T11:00:00Z\n")
    file("calls_3.csv", "call_id,offered_at\nc3,2026-03-07T10:00:00Z\n")
    assert [row["call_id"] for row in desk.read("calls", bookmark)[0]["call"]] == ["c2", "c3"]
    other = Desk(calls={"path": str(tmp_path / "calls_*.csv"), "columns": {"call_id": "call_id"}})
    assert len(other.read("calls", bookmark)[0]["call"]) == 3  # other settings read all


def test_a_table_that_is_whole_is_read_again_as_a_whole(file):
    path = file("costs.csv", "entry_id,posted_on,team,category,amount,currency\n")
    desk = Desk(cost_entries=path)
    desk.read("cost_entries")
    bookmark = Bookmark(cursor=desk.cursor)
    assert desk.read("cost_entries", bookmark) == ({}, [])
    Path(path).write_text(Path(path).read_text() + "a,2026-01-05,T,x,1.5,EUR\n")
    assert len(desk.read("cost_entries", bookmark)[0]["cost_entry"]) == 1


def test_rows_below_the_greatest_known_value_are_left_out(file):
    head = "call_id,offered_at\n"
    old = "".join(f"c{n},2026-03-{n:02}T10:00:00Z\n" for n in range(1, 6))
    desk = Desk(calls={"path": file("calls.csv", head + old), "changed_by": "offered_at"})
    assert len(desk.read("calls")[0]["call"]) == 5
    file("calls.csv", head + old + "c6,2026-03-06T10:00:00Z\n")
    found = desk.read("calls", Bookmark(cursor=desk.cursor))[0]["call"]
    assert [row["call_id"] for row in found] == ["c4", "c5", "c6"]  # a day of overlap


# Numbers that begin again in each file


def test_a_key_of_two_files_is_set_aside_unless_the_settings_say_what_it_means(file, tmp_path):
    file("2026-10.csv", "call_id,offered_at\n1,2026-10-05T10:00:00Z\n2,2026-10-06T10:00:00Z\n")
    file("2026-11.csv", "call_id,offered_at\n1,2026-11-05T10:00:00Z\n2,2026-10-06T10:00:00Z\n")
    path = str(tmp_path / "2026-*.csv")
    rows, (reason,) = Desk(calls=path).read("calls")
    assert next((r["call_id"], r["offered_at"].month) for r in rows["call"]) == ("1", 10)
    assert len(rows["call"]) == 3  # equal rows are merged when they are loaded
    assert "2026-10.csv" in reason
    assert "2026-11.csv" in reason
    assert "call_id 1; " in reason
    assert "unique_by_file = true" in reason
    rows, reasons = Desk(calls={"path": path, "unique_by_file": True}).read("calls")
    found = [row["call_id"] for row in rows["call"]]
    assert (found, reasons) == (["2026-10/1", "2026-10/2", "2026-11/1", "2026-11/2"], [])
    rows, reasons = Desk(calls={"path": path, "unique_by_file": False}).read("calls")
    assert (rows["call"][2]["offered_at"].month, reasons) == (11, [])  # the later one corrects


def test_a_key_of_a_file_in_another_folder_is_another_files(file, tmp_path):
    for folder, month in (("a", 10), ("b", 11)):
        (tmp_path / folder).mkdir()
        file(f"{folder}/qa.csv", f"call_id,offered_at\n1,2026-{month}-05T10:00:00Z\n")
    table = {"path": str(tmp_path / "*/qa.csv"), "unique_by_file": True}
    rows, reasons = Desk(calls=table).read("calls")
    assert (len(rows["call"]), len(reasons)) == (1, 1)


def test_unique_by_file_needs_a_number_of_a_row_and_names_what_stays(file, tmp_path):
    path = file("b.csv", BUDGET + line("1.5"))
    with pytest.raises(ConfigurationError, match="unique_by_file: the key of budget_line"):
        Desk(budget_lines={"path": path, "unique_by_file": True}).read("budget_lines")
    file("c_1.csv", "call_id,offered_at\n1,2026-10-05T10:00:00Z\n")
    path = str(tmp_path / "c_*.csv")
    before = Desk(calls=path)
    before.read("calls")
    desk = Desk(calls={"path": path, "unique_by_file": True})
    desk.read("calls", Bookmark(cursor=before.cursor))
    assert any("set whole = true as well for one run" in remark for remark in desk.remarks)


# The three of the guide, in four conventions

QA = {
    "en": "Ref,Case,Agent,Date,Score,Max,Critical\n1,4711,Anna,03/25/2026 14:30,8.5,10,no\n",
    "it": "Ref;Case;Agent;Date;Score;Max;Critical\n1;4711;Anna;25/03/2026 14.30;8,5;10;no\n",
    "de": "Ref;Case;Agent;Date;Score;Max;Critical\n1;4711;Anna;25.03.2026 14:30;8,5;10;nein\n",
    "pl": "Ref;Case;Agent;Date;Score;Max;Critical\n1;4711;Anna;25 marca 2026 14:30;8,5;10;nie\n",
}


@pytest.mark.parametrize("language", QA)
def test_a_quality_spreadsheet_gives_the_same_rows_in_every_language(file, language):
    table = {
        "path": file("qa.csv", QA[language]),
        "time_zone": "Europe/Rome",
        "columns": {
            "review_id": "Ref",
            "ticket_id": "Case",
            "agent_id": "Agent",
            "reviewed_at": "Date",
            "points": "Score",
            "possible_points": "Max",
            "is_critical_fail": "Critical",
        },
        "values": {"agent_id": {"Anna": "9001"}},
    }
    rows, reasons = Desk(quality_reviews=table).read("quality_reviews")
    (row,) = rows["quality_review"]
    assert reasons == []
    found = [row[name] for name in ("ticket_id", "agent_id", "points", "possible_points")]
    assert found == ["4711", "9001", 8.5, 10]
    assert row["reviewed_at"] == datetime(2026, 3, 25, 13, 30, tzinfo=UTC)
    assert row["is_critical_fail"] is False


def test_a_phone_log_has_waits_and_outcomes_and_durations(file):
    text = (
        "Call;Start;Queue;Agent;Wait;Answered;Talk;Wrap\n"
        "c1;25.03.2026 14:30:00;Tier 1;9001;0:00:20;ja;0:05:12;30\n"
        "c2;25.03.2026 14:31:00;Tier 1;;0:01:05;nein;;\n"
    )
    table = {
        "path": file("log.csv", text),
        "time_zone": "Europe/Berlin",
        "columns": {
            "call_id": "Call",
            "offered_at": "Start",
            "team_id": "Queue",
            "agent_id": "Agent",
            "wait_seconds": "Wait",
            "is_answered": "Answered",
            "talk_seconds": "Talk",
            "wrap_seconds": "Wrap",
        },
    }
    rows, reasons = Desk(calls=table).read("calls")
    assert reasons == []
    answered, abandoned = rows["call"]
    assert answered["answered_at"] == datetime(2026, 3, 25, 13, 30, 20, tzinfo=UTC)
    assert (answered["talk_seconds"], answered["wrap_seconds"]) == (312, 30)
    assert abandoned["abandoned_at"] == datetime(2026, 3, 25, 13, 32, 5, tzinfo=UTC)
    assert abandoned["answered_at"] is None


def test_a_duration_of_two_parts_is_asked_for(file):
    text = "call_id,offered_at,talk_seconds\nc1,2026-03-05T10:00:00Z,05:12\n"
    path = file("log.csv", text)
    _, (reason,) = Desk(calls=path).read("calls")
    assert reason == "talk_seconds: h:mm or m:ss? Set units: 05:12"
    rows, _ = Desk(calls={"path": path, "units": {"talk_seconds": "m:ss"}}).read("calls")
    assert rows["call"][0]["talk_seconds"] == 312


def test_a_ticket_list_with_reply_times_brings_messages_unless_there_is_a_table_of_them(file):
    text = (
        "ticket_id,status,requester_id,assignee_id,created_at,first_replied_at\n"
        "1,solved,c1,a1,2026-03-05T10:00:00Z,2026-03-05T10:20:00Z\n"
        "2,open,c2,,2026-03-05T11:00:00Z,\n"
    )
    path = file("tickets.csv", text)
    rows, _ = Desk(tickets=path).read("tickets")
    assert [row["ticket_id"] for row in rows["ticket"]] == ["1", "2"]
    assert [(r["ticket_id"], r["author_role"], r["sent_at"].minute) for r in rows["message"]] == [
        ("1", "customer", 0),
        ("1", "agent", 20),
    ]
    rows, _ = Desk(tickets=path, messages="messages.csv").read("tickets")
    assert rows["message"] == []


# Cases 4 and 13


def test_versions_are_ordered_as_people_count():
    from tasks.connectors.files.transforms import version_order

    versions = ["original", "Budget 2025", "Budget 2026", "Budget 2026 rev 2", "Revision 1"]
    assert sorted(["Budget 2026 rev 10", "Budget 2026 rev 2"], key=version_order) == [
        "Budget 2026 rev 2",
        "Budget 2026 rev 10",
    ]
    assert version_order("original") < version_order("Revision 1")
    assert version_order("Budget 2025") < version_order("Budget 2026")
    assert version_order("Budget 2026") < version_order("Budget 2026 rev 1 (Apr-Dec)")
    assert len({version_order(one) for one in versions}) == len(versions)


def test_negative_minutes_of_work_are_set_aside(file):
    text = "month_on,team,fte,handle_minutes\n2026-03-01,Tier 1,3,-15\n"
    rows, reasons = Desk(headcount_plan=file("people.csv", text)).read("headcount_plan")
    assert rows["headcount_plan"] == []
    assert reasons == ["handle_minutes are not above 0"]
