select
    published.day,
    sum(published.expected_tickets) as expected_tickets
from ops.forecast_published as published
inner join marts.ticket_volume_daily as volume
    on
        published.account = volume.account
        and published.team_id = volume.team_id
        and published.day = volume.day
where published.lead_days = 7
group by published.day
order by published.day
