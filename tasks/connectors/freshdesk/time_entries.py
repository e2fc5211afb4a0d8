"""Freshdesk: time that agents spent on tickets."""

from datetime import timedelta

from tasks.connectors.freshdesk.api import LIST, stamp
from tasks.entities import TIME_ENTRY
from tasks.rest.spec import IncrementalWindow, Output, Stream
from tasks.rest.values import TopLevelList, sql

STREAMS = (
    Stream(
        name="time_entries",
        description="Time that agents entered; 30 days are read again",
        path="/api/v2/time_entries",
        records=TopLevelList(),
        paging=LIST,
        optional=True,
        sync=IncrementalWindow(
            ask=lambda w: {"executed_after": stamp(w.start), "executed_before": stamp(w.end)},
            overlap=timedelta(days=30),
        ),
        outputs=(
            Output(
                TIME_ENTRY,
                fields={
                    "entry_id": "id",
                    "ticket_id": "ticket_id",
                    "agent_id": "agent_id",
                    "entered_at": "executed_at",
                    "version_at": "updated_at",
                    "seconds": sql(
                        """
                        coalesce(
                            cast({time_spent_in_seconds} as bigint),
                            cast(split_part({time_spent}, ':', 1) as int) * 3600
                            + cast(split_part({time_spent}, ':', 2) as int) * 60
                        )"""
                    ),
                },
            ),
        ),
    ),
)
