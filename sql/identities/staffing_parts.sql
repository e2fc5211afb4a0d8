-- Channel staffing adds up to the team's, and each month's headcount follows from its start.
select *
from (
    select
        'people of ' || s.account || ' ' || s.team_id || ' ' || cast(s.day as varchar) as place,
        max(s.service_fte) as found,
        sum(r.fte) as expected
    from marts.staffing_forecast as s
    join marts.staffing_requirement_daily as r
        on s.account = r.account and s.team_id = r.team_id and s.day = r.day
    group by s.account, s.team_id, s.day
    union all
    select
        'heads of ' || account || ' ' || team_id || ' ' || cast(month_on as varchar),
        end_fte,
        start_fte - leavers_fte + joiners
    from marts.headcount_plan_monthly
) as sums
where abs(found - expected) > 0.000001 * (1 + expected)
