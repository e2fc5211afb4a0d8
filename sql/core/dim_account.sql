-- One row for each account that has delivered a ticket or a survey answer, and for each other one
-- that some row names: plans, costs, calls.
with members as (
    select account from source.ticket
    union
    select account from source.survey_response
    union
    select account from every_mention
),

connectors as (
    select
        account,
        connector
    from source.ticket
    union
    select
        account,
        connector
    from source.survey_response
    union
    select
        account,
        connector
    from source.survey_invitation
    union
    select
        account,
        connector
    from source.cost_entry
    union
    select
        account,
        connector
    from source.budget_line
    union
    select
        account,
        connector
    from source.call
    union
    select
        account,
        connector
    from source.quality_review
    union
    select
        account,
        connector
    from source.web_session
    union
    select
        account,
        connector
    from source.agent
)

select
    members.account,
    min(connectors.connector) as connector
from members
left join connectors on members.account = connectors.account
group by members.account
