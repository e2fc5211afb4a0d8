-- One row for each hour of the day.
with hours as (
    select unnest(generate_series(0, 23)) as hour
)

select
    hour,
    lpad(cast(hour as varchar), 2, '0') || ':' || '00 to '
    || lpad(cast(hour + 1 as varchar), 2, '0') || ':' || '00' as label,
    case
        when hour < 6 then 'night'
        when hour < 12 then 'morning'
        when hour < 18 then 'afternoon'
        else 'evening'
    end as part_of_day
from hours
