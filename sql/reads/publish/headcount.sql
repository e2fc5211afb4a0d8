select
    account,
    team,
    month_on,
    need_fte,
    need_from,
    planned_fte,
    start_fte,
    leavers_fte,
    joiners,
    productive_fte,
    gap_fte,
    request
from marts.headcount_plan_monthly
where
    workdays_forecast > 0
    or request > 0
order by
    account,
    team,
    month_on
