-- Channels of the forecast sum to their team, pieces of a day to their channel, teams to the total, and days to their week.
select * from (
    select 'channels of ' || f.account || ' ' || f.team_id || ' ' || cast(f.day as varchar) as place, sum(c.expected_tickets) as found,
        max(f.expected_tickets) as expected
    from marts.forecast_volume_daily as f
    join marts.forecast_channel_daily as c on c.account = f.account and c.team_id = f.team_id and c.day = f.day
    group by f.account, f.team_id, f.day
    union all
    select 'pieces of ' || c.account || ' ' || c.team_id || ' ' || c.channel || ' ' || cast(c.day as varchar), sum(i.expected_tickets), max(c.expected_tickets)
    from marts.forecast_channel_daily as c
    join marts.forecast_volume_interval as i on i.account = c.account and i.team_id = c.team_id and i.channel = c.channel and i.day = c.day
    group by c.account, c.team_id, c.channel, c.day
    union all
    select 'teams of ' || t.account || ' ' || cast(t.day as varchar), sum(f.expected_tickets), max(t.expected_tickets)
    from marts.forecast_total_daily as t
    join marts.forecast_volume_daily as f on f.day = t.day and (f.account = t.account or t.account = 'all')
    group by t.account, t.day
    union all
    select 'days of ' || w.account || ' ' || w.team_id || ' from ' || cast(w.first_day as varchar), sum(f.expected_tickets), max(w.expected_tickets)
    from marts.forecast_weekly as w
    join marts.forecast_volume_daily as f
        on f.day >= w.first_day and f.day <= w.last_day and (f.account = w.account or w.account = 'all') and (f.team_id = w.team_id or w.team_id = 'all')
    group by w.account, w.team_id, w.first_day
) as sums
where abs(found - expected) > 0.000001 * (1 + expected)
