select
    team,
    channel,
    labour_cost,
    other_cost,
    contacts_count,
    resolutions_count,
    cost_per_contact,
    cost_per_resolution,
    currency
from marts.cost_per_contact_daily
where day = :day
order by
    team,
    channel
