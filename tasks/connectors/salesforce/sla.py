"""Salesforce Service Cloud: SLA clocks and policies."""

from tasks.connectors.salesforce.api import changed
from tasks.entities import SLA_EVENT, SLA_POLICY
from tasks.rest.spec import Output
from tasks.rest.values import sql

METRIC = "lower({MilestoneType.Name})"


def milestone(kind: str, at: str, condition: str) -> Output:
    """One event of a milestone's clock."""
    return Output(
        SLA_EVENT,
        filter=sql(f"not cast({{IsDeleted}} as boolean) and {condition}"),
        fields={
            "event_id": sql(f"{{Id}} || '-{kind}'"),
            "ticket_id": "CaseId",
            "policy_id": "MilestoneTypeId",
            "metric": sql(METRIC),
            "instance": "Id",
            "kind": sql(f"'{kind}'"),
            "happened_at": at,
            "target_minutes": "TargetResponseInMins",
            "is_business": sql("{BusinessHoursId} is not null"),
            "version_at": "SystemModstamp",
        },
    )


# The target depends on the entitlement process and the case, so it stands on the clock alone.
POLICY = Output(
    SLA_POLICY,
    filter=sql("{MilestoneTypeId} is not null and {MilestoneType.Name} is not null"),
    fields={
        "policy_id": "MilestoneTypeId",
        "metric": sql(METRIC),
        "priority": sql("'any'"),
        "name": "MilestoneType.Name",
        "version_at": "SystemModstamp",
    },
)

STREAMS = (
    changed(
        "milestones",
        "SLA milestones of cases",
        "CaseMilestone",
        "Id, CaseId, MilestoneTypeId, MilestoneType.Name, StartDate, TargetDate,"
        " CompletionDate, IsCompleted, IsViolated, TargetResponseInMins, BusinessHoursId,"
        " SystemModstamp, IsDeleted",
        (
            milestone("apply", "StartDate", "{StartDate} is not null"),
            milestone("due", "TargetDate", "{TargetDate} is not null"),
            milestone("fulfill", "CompletionDate", "{CompletionDate} is not null"),
            milestone("breach", "TargetDate", "cast({IsViolated} as boolean)"),
            POLICY,
        ),
        optional=True,
    ),
)
