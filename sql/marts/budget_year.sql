-- Where the fiscal year ends, by three methods, as of the last complete day. Variable lines: by
-- work days. Fixed ones are due on the first of the month; what is not posted yet is still to come.
-- The third takes drivers as they are forecast: it pays for the people that the forecast asks for,
-- whether they can be had or not, so the official outlook is the first.
with today as (
    select
        p.last_day,
        d.fiscal_year,
        d.month_starts_on,
        case
            when d.workdays_in_month = 0 then cast(0 as double)
            else cast(d.workdays_in_month - d.workday_of_month as double) / d.workdays_in_month
        end as month_left
    from ops.reporting_zone as p join core.dim_date as d on p.last_day = d.day
    where p.is_main
),

spent as (
    select
        c.fiscal_year,
        c.team,
        c.category,
        min(case when c.amount_reporting is not null then c.accrued_on end) as first_on,
        sum(c.amount_reporting) as actual,
        sum(case when c.month_on = t.month_starts_on then c.amount_reporting else 0 end)
            as actual_of_month
    from core.fct_cost as c
    cross join today as t
    where c.accrued_on <= t.last_day and c.fiscal_year <= t.fiscal_year
    group by c.fiscal_year, c.team, c.category
),

needed as (
    select
        n.month_on,
        n.team,
        sum(n.need_fte) as fte
    from marts.headcount_plan_monthly as n
    where n.workdays_forecast > 0
    group by n.month_on, n.team
),

months as (
    select
        month_starts_on,
        max(fiscal_year) as fiscal_year
    from core.dim_date
    group by month_starts_on
),

planned_headcount as (
    select
        month_on,
        team,
        sum(fte) as fte,
        max(monthly_cost) as monthly_cost
    from source.headcount_plan
    group by month_on, team
),

people as (
    select
        m.fiscal_year,
        h.team,
        sum(
            coalesce(n.fte, h.fte)
            * h.monthly_cost
            * case when h.month_on > t.month_starts_on then cast(1 as double) else t.month_left end
        ) as cost_left
    from planned_headcount as h
    join months as m on h.month_on = m.month_starts_on
    cross join today as t
    left join needed as n on h.team = n.team and h.month_on = n.month_on
    where h.month_on >= t.month_starts_on
        and h.monthly_cost is not null
        and coalesce(n.fte, h.fte) is not null
    group by m.fiscal_year, h.team
),

expected as (
    select
        f.team,
        f.day,
        sum(f.expected_tickets) as tickets
    from marts.forecast_volume_daily as f
    group by f.team, f.day
),

contacts as (
    select
        b.account,
        b.month_on,
        b.team,
        b.category,
        b.paid_for,
        sum(coalesce(e.tickets, b.driver_quantity / d.days_in_month)) as contacts_left
    from core.fct_budget_line as b
    join core.dim_date as d on b.month_on = d.month_starts_on
    cross join today as t
    left join expected as e on b.team = e.team and d.day = e.day
    where b.driver = 'contacts' and d.day > t.last_day
    group by b.account, b.month_on, b.team, b.category, b.paid_for
),

lines as (
    select
        b.fiscal_year,
        b.team,
        b.category,
        b.kind,
        b.amount_reporting as amount,
        b.month_on > t.month_starts_on as is_later,
        b.month_on = t.month_starts_on as is_now,
        t.month_left,
        b.driver is null and b.category = 'labour' and p.cost_left is not null as is_people,
        b.driver_rate is not null and b.driver in ('fte', 'contacts') as is_driven,
        b.driver = 'contacts' as is_by_contacts,
        case
            when b.driver = 'fte'
                then coalesce(n.fte, b.driver_quantity) * cast(b.driver_rate as double) * b.rate
            when b.driver = 'contacts' then c.contacts_left * cast(b.driver_rate as double) * b.rate
        end as driven
    from core.fct_budget_line as b
    cross join today as t
    left join needed as n on b.team = n.team and b.month_on = n.month_on
    left join contacts as c
        on b.account = c.account
            and b.month_on = c.month_on
            and b.team = c.team
            and b.category = c.category
            and b.paid_for = c.paid_for
    left join people as p on b.fiscal_year = p.fiscal_year and b.team = p.team
    where b.fiscal_year <= t.fiscal_year
),

valued as (
    select
        fiscal_year,
        team,
        category,
        kind,
        amount,
        is_later,
        is_now,
        month_left,
        is_driven,
        coalesce(is_by_contacts, false) as is_by_contacts,
        cast(coalesce(amount, 0) as double) as planned,
        case
            when is_people then cast(0 as double)
            else coalesce(driven, cast(coalesce(amount, 0) as double))
        end as driven
    from lines
),

planned as (
    select
        fiscal_year,
        team,
        category,
        case when min(kind) = max(kind) then min(kind) else 'mixed' end as kind,
        coalesce(sum(amount), 0) as plan_year,
        max(case when is_driven then 1 else 0 end) as driven_lines,
        sum(
            case
                when is_later then planned
                when is_now and kind = 'variable' then planned * month_left
                else cast(0 as double)
            end
        ) as plan_left,
        sum(case when is_now and kind = 'fixed' then planned else cast(0 as double) end)
            as plan_due,
        sum(case
            when is_later or (is_now and is_by_contacts) then driven
            when is_now and kind = 'variable' then driven * month_left
            else cast(0 as double)
        end) as drivers_left,
        sum(
            case
                when is_now and kind = 'fixed' and not is_by_contacts then driven
                else cast(0 as double)
            end
        ) as drivers_due
    from valued
    group by fiscal_year, team, category
),

places as (
    select
        fiscal_year,
        team,
        category
    from spent
    union
    select
        fiscal_year,
        team,
        category
    from planned
),

days_left as (
    select
        d.fiscal_year,
        count(*) as workdays_left
    from core.dim_date as d cross join today as t
    where d.is_workday and d.day > t.last_day
    group by d.fiscal_year
),

days_done as (
    select
        s.fiscal_year,
        s.team,
        s.category,
        count(*) as workdays_done
    from spent as s
    join core.dim_date as d
        on s.fiscal_year = d.fiscal_year and s.first_on <= d.day and d.is_workday
    cross join today as t
    where d.day <= t.last_day
    group by s.fiscal_year, s.team, s.category
),

placed as (
    select
        l.fiscal_year,
        l.team,
        l.category,
        t.last_day,
        coalesce(p.kind, 'fixed') as kind,
        coalesce(p.plan_year, 0) as plan_year,
        coalesce(s.actual, 0) as actual,
        coalesce(d.workdays_done, 0) as workdays_done,
        coalesce(e.workdays_left, 0) as workdays_left,
        l.fiscal_year = t.fiscal_year as is_open,
        coalesce(p.driven_lines, 0) = 1 or q.cost_left is not null as is_driven,
        cast(coalesce(s.actual_of_month, 0) as double) as actual_of_month,
        coalesce(p.plan_left, 0) as plan_left,
        coalesce(p.plan_due, 0) as plan_due,
        coalesce(p.drivers_left, 0) + coalesce(q.cost_left, 0) as drivers_left,
        coalesce(p.drivers_due, 0) as drivers_due
    from places as l
    cross join today as t
    left join planned as p
        on l.fiscal_year = p.fiscal_year and l.team = p.team and l.category = p.category
    left join spent as s
        on l.fiscal_year = s.fiscal_year and l.team = s.team and l.category = s.category
    left join days_left as e on l.fiscal_year = e.fiscal_year
    left join days_done as d
        on l.fiscal_year = d.fiscal_year and l.team = d.team and l.category = d.category
    left join people as q
        on l.fiscal_year = q.fiscal_year and l.team = q.team and l.category = 'labour'
),

left_over as (
    select
        fiscal_year,
        team,
        category,
        kind,
        last_day,
        plan_year,
        actual,
        workdays_done,
        workdays_left,
        is_open,
        is_driven,
        case
            when not is_open then cast(0 as double)
            when plan_due > 0 and plan_due > actual_of_month
                then plan_left + plan_due - actual_of_month
            else plan_left
        end as plan_left,
        case
            when drivers_due > 0 and drivers_due > actual_of_month
                then drivers_left + drivers_due - actual_of_month
            else drivers_left
        end as drivers_left
    from placed
),

shown as (
    select
        fiscal_year,
        team,
        category,
        kind,
        last_day as as_of_day,
        cast(plan_year as decimal(18, 4)) as plan_year,
        cast(actual as decimal(18, 4)) as actual_to_date,
        workdays_done,
        workdays_left,
        cast(floor(plan_left * 10000 + 0.5) / 10000 as decimal(18, 4)) as plan_left,
        case
            when kind <> 'variable'
                then cast(floor(plan_left * 10000 + 0.5) / 10000 as decimal(18, 4))
            when workdays_done < 10 then null
            else cast(
                    floor(cast(actual as double) / workdays_done * workdays_left * 10000 + 0.5)
                    / 10000 as decimal(18, 4)
                )
        end as run_rate_left,
        case
            when is_driven and is_open and workdays_left > 0
                then cast(floor(drivers_left * 10000 + 0.5) / 10000 as decimal(18, 4))
        end as drivers_left
    from left_over
)

select
    fiscal_year,
    team,
    category,
    kind,
    as_of_day,
    plan_year,
    actual_to_date,
    plan_left,
    workdays_done,
    workdays_left,
    actual_to_date + plan_left as year_end_plan,
    actual_to_date + run_rate_left as year_end_run_rate,
    actual_to_date + drivers_left as year_end_drivers,
    actual_to_date + plan_left as outlook,
    'plan' as outlook_method,
    actual_to_date + plan_left - plan_year as outlook_variance
from shown
