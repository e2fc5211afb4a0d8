select
    day,
    cast(sum(created_count) as double) as tickets
from marts.ticket_volume_daily
where day > :since
group by day
order by day
