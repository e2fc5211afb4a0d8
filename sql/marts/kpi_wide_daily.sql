-- One row for each local day and scope, with a numerator and a denominator of every KPI, for tools
-- that want measures as columns. The figures are those of marts.kpi_daily.
select
    day,
    time_zone,
    account,
    team_id,
    min(team) as team,
    channel,
    priority,
    every_kpi_column
from marts.kpi_daily
group by
    day,
    time_zone,
    account,
    team_id,
    channel,
    priority
