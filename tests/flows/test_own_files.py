"""Files of one's own through a run: loaded, kept, set aside, refused; rows of a helpdesk."""

from pathlib import Path

import duckdb
import pytest
from conftest import Bench
from tests_support import TODAY, midnight

from tasks.errors import ConfigurationError
from tasks.settings import load

TICKETS = (
    "Nr;Status;Kunde;Erstellt;Erste Antwort;Erledigt\n"
    "1;Erledigt;K1;05.03.2026 10:00;05.03.2026 10:20;05.03.2026 12:00\n"
    "2;Offen;K2;06.03.2026 11:00;;\n"
)
GERMAN = {
    "time_zone": "Europe/Berlin",
    "columns": {
        "ticket_id": "Nr",
        "status": "Status",
        "requester_id": "Kunde",
        "created_at": "Erstellt",
        "first_replied_at": "Erste Antwort",
        "solved_at": "Erledigt",
    },
}


@pytest.fixture
def own(tmp_path):
    """A job whose only accounts are files; it takes the tables of the first of them."""

    def made(*others, **tables) -> Bench:
        account = {"connector": "files", "name": "own", "start": "2026-01-01", **tables}
        return Bench(tmp_path, f"duckdb:///{tmp_path / 'w.duckdb'}", (account, *others))

    return made


def result(outcome, stream: str):
    return next(r for r in outcome.streams if r.stream == stream)


def test_a_helpdesk_of_ones_own_comes_in(own, tmp_path):
    path = tmp_path / "tickets.csv"
    path.write_text(TICKETS)
    (tmp_path / "fields.csv").write_text("ticket_id,field_id,value\n1,plan,gold\n")
    bench = own(
        tickets={"path": str(path), **GERMAN},
        statuses={"Erledigt": "solved", "Offen": "open"},
        ticket_fields=str(tmp_path / "fields.csv"),
        fields={"plan": "plan"},
    )
    first = bench.read(midnight(TODAY))
    assert first.state == "completed", first.message
    assert result(first, "tickets").records == 2
    assert bench.fetch("select field_id, value from source.ticket_field") == [("plan", "gold")]
    replies = "select ticket_id, author_role from source.message order by message_id"
    assert bench.fetch(replies) == [("1", "agent"), ("1", "customer")]
    again = result(bench.read(midnight(TODAY)), "tickets")
    assert (again.state, again.records) == ("nothing new", 0)  # it was not opened again
    assert bench.fetch("select count(*) from source.ticket") == [(2,)]
    path.write_text("\n".join([*TICKETS.splitlines()[:2], "Summe;;;;;"]))
    less = result(bench.read(midnight(TODAY)), "tickets")
    assert (less.changed, less.quarantined) == (1, 1)
    assert result(bench.read(midnight(TODAY)), "tickets").quarantined == 1  # still
    path.write_text("\n".join(TICKETS.splitlines()[:2]))
    assert result(bench.read(midnight(TODAY)), "tickets").quarantined == 0
    assert bench.fetch("select distinct state from ops.quarantine") == [("replayed",)]
    assert bench.fetch("select ticket_id from source.ticket") == [("1",)]  # the list is whole
    assert bench.replay().state == "completed"
    assert bench.fetch("select ticket_id from source.ticket") == [("1",)]


def test_reviews_of_another_accounts_agents_count_there(own, tmp_path):
    (tmp_path / "qa_1.csv").write_text(
        "review_id,agent_id,reviewed_at\nr1,9001,2026-03-05T10:00:00Z\nr2,9001,gone\n"
    )
    phone = {"connector": "files", "name": "phone", "start": "2026-01-01"}
    bench = own(phone, quality_reviews={"path": str(tmp_path / "qa_*.csv"), "desk": "phone"})
    read = result(bench.read(midnight(TODAY)), "quality_reviews")
    assert (read.changed, read.quarantined) == (1, 1)
    listed = "select account, loaded_stream, review_id from source.quality_review order by 3"
    assert bench.fetch(listed) == [("phone", "own/quality_reviews", "r1")]
    still = result(bench.read(midnight(TODAY)), "quality_reviews")
    assert still.summary == "own/quality_reviews: nothing new, 1 set aside"
    (tmp_path / "qa_1.csv").unlink()
    (tmp_path / "qa_2.csv").write_text(
        "review_id,agent_id,reviewed_at\nr3,9001,2026-03-06T10:00:00Z\n"
    )
    bench.read(midnight(TODAY))
    assert [row[2] for row in bench.fetch(listed)] == ["r1", "r3"]  # files that are gone stay
    with pytest.raises(ConfigurationError, match="desk phnoe is no account"):
        load(accounts=({"connector": "files", "name": "own", "desk": "phnoe"},))


def test_a_new_file_replaces_no_rows_of_earlier_files(own, tmp_path):
    def write(month: int, *rows: str) -> None:
        body = "".join(f"{row}\n" for row in (*rows, "Summe,"))
        (tmp_path / f"2026-{month:02}.csv").write_text(f"call_id,offered_at\n{body}")

    listed = "select call_id, offered_at::date::text from source.call order by 1"
    waiting = "select reason from ops.quarantine where state = 'open' order by reason"
    march, april = "1,2026-03-05T10:00:00Z", "1,2026-04-05T10:00:00Z"
    path = str(tmp_path / "2026-*.csv")
    bench = own(calls=path)
    write(3, march, "2,2026-03-06T10:00:00Z")
    bench.read(midnight(TODAY))
    write(4, april, "3,2026-04-06T10:00:00Z")
    assert result(bench.read(midnight(TODAY)), "calls").quarantined == 2  # with the totals
    kept = [("1", "2026-03-05"), ("2", "2026-03-06"), ("3", "2026-04-06")]
    assert bench.fetch(listed) == kept
    write(
        4, april, "2,2026-04-06T10:00:00Z", "3,2026-04-07T10:00:00Z"
    )  # its own row may change, that of March may not
    bench.read(midnight(TODAY))
    assert bench.fetch(listed) == [*kept[:2], ("3", "2026-04-07")]
    write(3, "1,2026-03-07T10:00:00Z", "2,2026-03-06T10:00:00Z")
    bench.read(midnight(TODAY))
    assert bench.fetch(listed)[0] == ("1", "2026-03-07")
    key, other, first, second = [row[0] for row in bench.fetch(waiting)]  # none of them twice
    assert "2026-04.csv has the key of another file's row: call_id 1; " in key
    assert "call_id 2; the row of " in other
    assert "2026-03.csv (call_id" in first
    assert "2026-04.csv (call_id" in second
    assert bench.replay().state == "completed"
    assert bench.fetch(listed) == [("1", "2026-03-07"), kept[1], ("3", "2026-04-07")]


def test_most_rows_of_a_small_file_being_bad_refuses_it_with_a_reason(own, tmp_path):
    path = tmp_path / "costs.csv"
    head = "entry_id,posted_on,team,category,amount,currency\n"
    path.write_text(head + "a,2026-01-05,T,x,1.5,EUR\nb,gone,T,x,1,EUR\nc,gone,T,x,1,EUR\n")
    outcome = own(cost_entries=str(path)).read(midnight(TODAY))
    assert outcome.state == "partly"
    assert "2 of 3 rows break a rule" in outcome.message
    assert "such as: posted_on: not a day: gone" in outcome.message


def test_a_query_brings_what_changed_since_the_last_run(own, tmp_path, monkeypatch):
    url = f"duckdb:///{tmp_path / 'phone.duckdb'}"
    with duckdb.connect(str(tmp_path / "phone.duckdb")) as database:
        database.execute(
            "create table log as select * from (values ('c1', timestamptz '2026-03-05 10:00:00Z'),"
            " ('c2', timestamptz '2026-02-05 10:00:00Z'),"
            " ('c0', timestamptz '2025-03-05 10:00:00Z')) as t (call_id, offered_at)"
        )
    monkeypatch.setenv("SUPPORT_ETL_SECRET_OWN_DATABASE_URL", url)
    query = "select call_id, offered_at from log where offered_at >= :since"
    bench = own(calls={"query": query, "changed_by": "offered_at"})
    outcome = bench.read(midnight(TODAY))
    assert outcome.state == "completed", outcome.message
    listed = "select call_id from source.call order by 1"
    assert bench.fetch(listed) == [("c1",), ("c2",)]  # from the account's start on
    with duckdb.connect(str(tmp_path / "phone.duckdb")) as database:
        database.execute("insert into log values ('c3', timestamptz '2026-03-09 10:00:00Z')")
    again = result(bench.read(midnight(TODAY)), "calls")
    assert (again.records, again.changed) == (2, 1)  # with a day of overlap
    assert bench.fetch(listed) == [("c1",), ("c2",), ("c3",)]


def test_plans_in_italian_german_and_polish_are_those_in_english(own, tmp_path):
    folder = Path(tmp_path)
    months = {
        "en": (",", "Jan 2026", "Mar 2026", '"1,234.50"'),
        "it": (";", "gen 2026", "mar 2026", "1.234,50"),
        "de": (";", "Januar 2026", "März 2026", "1.234,50"),
        "pl": (";", "sty 2026", "marzec 2026", "1 234,50"),
    }
    found = {}
    for language, (mark, january, march, amount) in months.items():
        head = mark.join(("version", "team", "category", "kind", "currency", january, march))
        row = mark.join(("2026", "T", "labour", "fixed", "EUR", amount, amount))
        (folder / "budget.csv").write_text(f"{head}\n{row}\n")
        bench = own(budget_lines=str(folder / "budget.csv"))
        outcome = bench.read(midnight(TODAY))
        assert outcome.state == "completed", outcome.message
        found[language] = bench.fetch("select month_on, amount from source.budget_line order by 1")
    assert len(found["en"]) == 2
    assert found["it"] == found["de"] == found["pl"] == found["en"]
