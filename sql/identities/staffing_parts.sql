-- Channel staffing adds up to the team's, and each month's headcount follows from its start.
select *
from (
    select
        'people of '
        || staffing.account
        || ' '
        || staffing.team_id
        || ' '
        || cast(staffing.day as varchar) as place,
        max(staffing.service_fte) as found,
        sum(requirement.fte) as expected
    from marts.staffing_forecast as staffing
    join marts.staffing_requirement_daily as requirement
        on staffing.account = requirement.account
            and staffing.team_id = requirement.team_id
            and staffing.day = requirement.day
    group by staffing.account, staffing.team_id, staffing.day
    union all
    select
        'heads of ' || account || ' ' || team_id || ' ' || cast(month_on as varchar),
        end_fte,
        start_fte - leavers_fte + joiners
    from marts.headcount_plan_monthly
) as sums
where abs(found - expected) > 0.000001 * (1 + expected)
