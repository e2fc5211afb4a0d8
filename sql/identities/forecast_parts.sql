-- Forecast parts add up: channels to teams, intervals to days, teams to totals, days to weeks.
select *
from (
    select
        'channels of '
        || f.account
        || ' '
        || f.team_id
        || ' '
        || cast(f.day as varchar) as place,
        sum(c.expected_tickets) as found,
        max(f.expected_tickets) as expected
    from marts.forecast_volume_daily as f
    join marts.forecast_channel_daily as c
        on f.account = c.account and f.team_id = c.team_id and f.day = c.day
    group by f.account, f.team_id, f.day
    union all
    select
        'pieces of '
        || c.account
        || ' '
        || c.team_id
        || ' '
        || c.channel
        || ' '
        || cast(c.day as varchar),
        sum(i.expected_tickets),
        max(c.expected_tickets)
    from marts.forecast_channel_daily as c
    join marts.forecast_volume_interval as i
        on c.account = i.account
            and c.team_id = i.team_id
            and c.channel = i.channel
            and c.day = i.day
    group by c.account, c.team_id, c.channel, c.day
    union all
    select
        'teams of ' || t.account || ' ' || cast(t.day as varchar),
        sum(f.expected_tickets),
        max(t.expected_tickets)
    from marts.forecast_total_daily as t
    join marts.forecast_volume_daily as f
        on t.day = f.day and t.account in (f.account, 'all')
    group by t.account, t.day
    union all
    select
        'days of ' || w.account || ' ' || w.team_id || ' from ' || cast(w.first_day as varchar),
        sum(f.expected_tickets),
        max(w.expected_tickets)
    from marts.forecast_weekly as w
    join marts.forecast_volume_daily as f
        on w.first_day <= f.day
            and w.last_day >= f.day
            and (w.account = f.account or w.account = 'all')
            and (w.team_id = f.team_id or w.team_id = 'all')
    group by w.account, w.team_id, w.first_day
) as sums
where abs(found - expected) > 0.000001 * (1 + expected)
