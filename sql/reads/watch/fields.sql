with chosen_fields as (
    select
        account,
        name,
        wanted,
        filled_by,
        problem,
        chosen_at
    from ops.account_field
),

past_fields as (
    select
        chosen_fields.account,
        chosen_fields.name
    from chosen_fields
    join ops.batch as batch
        on chosen_fields.account = batch.account
    where batch.loaded_at < chosen_fields.chosen_at
    group by chosen_fields.account, chosen_fields.name
),

filled_fields as (
    select
        chosen_fields.account,
        chosen_fields.name
    from chosen_fields
    join ops.run as run
        on chosen_fields.filled_by = run.kind
    where run.started_at >= chosen_fields.chosen_at and run.state <> 'failed'
    group by chosen_fields.account, chosen_fields.name
)

select
    chosen_fields.account,
    chosen_fields.name,
    chosen_fields.wanted,
    chosen_fields.filled_by,
    chosen_fields.problem,
    past_fields.name is not null and filled_fields.name is null as is_past_missing
from chosen_fields
left join past_fields
    on chosen_fields.account = past_fields.account
        and chosen_fields.name = past_fields.name
left join filled_fields
    on chosen_fields.account = filled_fields.account
        and chosen_fields.name = filled_fields.name
where chosen_fields.problem is not null or past_fields.name is not null
order by
    chosen_fields.account asc,
    chosen_fields.name asc
