"""How vendors that need it are asked for an account's own fields."""

from datetime import timedelta

from tests_support import TODAY, midnight

from tasks.clock import Window
from tasks.connectors import connector
from tasks.connectors.salesforce.own_fields import widened
from tasks.rest.fields import Chosen, with_fields
from tasks.rest.spec import IncrementalWindow, Stream

WINDOW = Window(midnight(TODAY) - timedelta(days=40), midnight(TODAY))


def streams_of(vendor: str, *chosen: Chosen) -> dict[str, Stream]:
    declared = connector(vendor)
    streams = with_fields(declared.streams, declared.own_fields, chosen)
    return {stream.name: stream for stream in streams}


def queries(stream: Stream) -> list[str]:
    """What a Salesforce stream asks, page by page and in bulk."""
    assert isinstance(stream.sync, IncrementalWindow)
    assert stream.export is not None
    body = stream.export.start(None, WINDOW, {}).body
    return [stream.sync.ask(WINDOW)["q"], body["query"]]


def test_fields_are_asked_for_by_name_only_where_they_are_chosen():
    area, form = Chosen("ticket", "Area__c", "one"), Chosen("ticket", "form")
    plain, asking = streams_of("salesforce"), streams_of("salesforce", area, form)
    for before, after in zip(queries(plain["cases"]), queries(asking["cases"]), strict=True):
        assert after == before.replace(" FROM Case ", ", Area__c, RecordTypeId FROM Case ")
    assert "Area__c" not in str(queries(plain["cases"]))
    assert queries(asking["accounts"]) == queries(plain["accounts"])

    plain, asking = streams_of("servicenow"), streams_of("servicenow", Chosen("ticket", "u_area"))
    for name in ("incidents", "cases"):
        before, after = (streams[name].params["sysparm_fields"] for streams in (plain, asking))
        assert after == f"{before},u_area"
    assert asking["users"] == plain["users"]


def test_a_text_that_is_no_name_is_never_part_of_a_query():
    query = "SELECT Id, Name FROM Case WHERE Id > ''"
    assert widened(query, ["Product area", "x FROM User", "Name", "A__c", "B__r.Name"]) == (
        "SELECT Id, Name, A__c, B__r.Name FROM Case WHERE Id > ''"
    )


def test_tags_of_zoho_are_a_call_each_only_where_they_are_chosen():
    def children(*chosen: Chosen) -> list[str]:
        return [child.name for child in streams_of("zoho_desk", *chosen)["tickets"].child_streams]

    without = children()
    assert children(Chosen("ticket", "cf_area"), Chosen("ticket", "form")) == without
    assert children(Chosen("ticket", "cf_area"), Chosen("ticket", "tags")) == [*without, "tags"]
