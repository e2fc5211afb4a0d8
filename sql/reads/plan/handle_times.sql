select
    tickets.account,
    tickets.team_id,
    tickets.channel,
    cast(sum(tickets.handle_seconds) as double) as handle_seconds,
    cast(sum(tickets.handle_seconds * tickets.handle_seconds) as double)
        as handle_seconds_squared,
    count(tickets.handle_seconds) as contacts
from core.fct_ticket as tickets
inner join ops.reporting_zone as zone on zone.is_main
where
    not tickets.is_excluded
    and tickets.team_id is not null
    and tickets.solved_at >= zone.as_of - interval '56 days'
    and not (
        tickets.channel = 'phone'
        and exists (
            select 1
            from core.fct_call as counted
            where
                counted.account = tickets.account
                and counted.team_id = tickets.team_id
                and counted.handled_at >= zone.as_of - interval '56 days'
        )
    )
group by
    tickets.account,
    tickets.team_id,
    tickets.channel
union all
select
    calls.account,
    calls.team_id,
    'phone' as channel,
    cast(sum(calls.handle_seconds) as double) as handle_seconds,
    cast(sum(calls.handle_seconds * calls.handle_seconds) as double) as handle_seconds_squared,
    count(calls.handle_seconds) as contacts
from core.fct_call as calls
inner join ops.reporting_zone as zone on zone.is_main
where
    calls.team_id is not null
    and calls.handled_at >= zone.as_of - interval '56 days'
group by
    calls.account,
    calls.team_id
