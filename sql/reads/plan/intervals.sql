select
    intervals.account,
    intervals.team_id,
    intervals.team,
    intervals.channel,
    intervals.day,
    intervals.starts_at,
    intervals.local_minute,
    intervals.interval_minutes,
    intervals.expected_tickets,
    days.expected_tickets as day_expected,
    days.q50,
    days.q75,
    days.high_80,
    days.q95
from marts.forecast_volume_interval as intervals
inner join marts.forecast_channel_daily as days
    on
        intervals.account = days.account
        and intervals.team_id = days.team_id
        and intervals.channel = days.channel
        and intervals.day = days.day
order by
    intervals.account,
    intervals.team_id,
    intervals.channel,
    intervals.starts_at
