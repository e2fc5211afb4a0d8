select
    tickets.account,
    tickets.team_id,
    tickets.channel,
    count(*) as tickets
from core.fct_ticket as tickets
inner join core.fct_status_interval as present
    on
        tickets.account = present.account
        and tickets.ticket_id = present.ticket_id
        and present.ends_at is null
inner join ops.reporting_zone as zone on zone.is_main
where
    not tickets.is_excluded
    and tickets.team_id is not null
    and present.category in ('new', 'open')
    and present.starts_at >= zone.as_of - interval '14 days'
group by
    tickets.account,
    tickets.team_id,
    tickets.channel
