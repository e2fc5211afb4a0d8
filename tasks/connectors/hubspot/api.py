"""HubSpot: how its API is asked."""

from collections.abc import Iterable, Mapping
from datetime import timedelta

from tasks.clock import Window
from tasks.entities import TOMBSTONE, Entity
from tasks.rest.paging import CursorParam, SearchAfterId
from tasks.rest.spec import MAIN, IncrementalWindow, Json, Output, Stream, Total
from tasks.rest.values import sql

lists = CursorParam(at="paging.next.after", param="after", size={"limit": "100"})


def above(body: Mapping[str, Json], last_id: str) -> dict[str, Json]:
    """The search for ids above the last one."""
    filters = body["filterGroups"][0]["filters"]
    return {
        **body,
        "filterGroups": [{"filters": [*filters[:-1], {**filters[-1], "value": last_id}]}],
    }


def properties_of_scores(
    settings: Mapping[str, Json], properties: tuple[str, ...]
) -> Iterable[str]:
    """Properties that hold answers to custom surveys, for a search that asks for answers."""
    if "hs_survey_type" not in properties:
        return ()
    scores = settings.get("scores", ())
    named = dict.fromkeys(str(score["question_id"]) for score in scores)
    return (name for name in named if name not in properties)


def changed(time_property: str, properties: tuple[str, ...]) -> IncrementalWindow:
    """Search for what changed in the window.

    Search lags writes, so the overlap is long (estuary/connectors#1743).
    """

    def body(window: Window, settings: Mapping[str, Json]) -> dict[str, Json]:
        def at(name: str, operator: str, value: str) -> dict[str, str]:
            return {"propertyName": name, "operator": operator, "value": value}

        low, high = (str(int(i.timestamp() * 1000)) for i in (window.start, window.end))
        return {
            "filterGroups": [
                {
                    "filters": [
                        at(time_property, "GTE", low),
                        at(time_property, "LT", high),
                        at("hs_object_id", "GT", "0"),
                    ]
                }
            ],
            "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
            "properties": [*properties, *properties_of_scores(settings, properties)],
            "limit": 200,
        }

    return IncrementalWindow(body=body, overlap=timedelta(minutes=15))


def merged(entity: Entity, changed_at: str, section: str = MAIN) -> Output:
    """The records that were merged into one."""
    return Output(
        TOMBSTONE,
        section=section,
        filter=sql("{properties.hs_merged_object_ids} <> ''"),
        fields={
            "entity": sql(f"'{entity.name}'"),
            "record_id": sql("unnest(string_split({properties.hs_merged_object_ids}, ';'))"),
            "deleted_at": changed_at,
            "version_at": changed_at,
        },
    )


def search(
    name: str,
    description: str,
    time_property: str,
    properties: tuple[str, ...],
    outputs: tuple[Output, ...],
    *,
    people: bool = False,
) -> Stream:
    """Objects of one kind by change, read from a search that is sorted by id."""
    return Stream(
        name=name,
        description=description,
        path=f"/crm/v3/objects/{name}/search",
        method="POST",
        records="results",
        outputs=outputs,
        paging=SearchAfterId(id_path="id", above=above),
        sync=changed(time_property, properties),
        total=Total("total", strict=False),
        requests_per_minute=300,
        from_beginning=people,
        hides_deleted=True,
        optional=name in {"feedback_submissions", "deals"},
    )
