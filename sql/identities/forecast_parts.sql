-- Forecast parts add up: channels to teams, intervals to days, teams to totals, days to weeks.
select *
from (
    select
        'channels of '
        || whole_team.account
        || ' '
        || whole_team.team_id
        || ' '
        || cast(whole_team.day as varchar) as place,
        sum(channel_forecast.expected_tickets) as found,
        max(whole_team.expected_tickets) as expected
    from marts.forecast_volume_daily as whole_team
    join marts.forecast_channel_daily as channel_forecast
        on whole_team.account = channel_forecast.account
            and whole_team.team_id = channel_forecast.team_id
            and whole_team.day = channel_forecast.day
    group by whole_team.account, whole_team.team_id, whole_team.day
    union all
    select
        'pieces of '
        || channel_forecast.account
        || ' '
        || channel_forecast.team_id
        || ' '
        || channel_forecast.channel
        || ' '
        || cast(channel_forecast.day as varchar),
        sum(interval_forecast.expected_tickets),
        max(channel_forecast.expected_tickets)
    from marts.forecast_channel_daily as channel_forecast
    join marts.forecast_volume_interval as interval_forecast
        on channel_forecast.account = interval_forecast.account
            and channel_forecast.team_id = interval_forecast.team_id
            and channel_forecast.channel = interval_forecast.channel
            and channel_forecast.day = interval_forecast.day
    group by
        channel_forecast.account,
        channel_forecast.team_id,
        channel_forecast.channel,
        channel_forecast.day
    union all
    select
        'teams of ' || total_forecast.account || ' ' || cast(total_forecast.day as varchar),
        sum(team_forecast.expected_tickets),
        max(total_forecast.expected_tickets)
    from marts.forecast_total_daily as total_forecast
    join marts.forecast_volume_daily as team_forecast
        on total_forecast.day = team_forecast.day
            and total_forecast.account in (team_forecast.account, 'all')
    group by total_forecast.account, total_forecast.day
    union all
    select
        'days of '
        || week_forecast.account
        || ' '
        || week_forecast.team_id
        || ' from '
        || cast(week_forecast.first_day as varchar),
        sum(team_forecast.expected_tickets),
        max(week_forecast.expected_tickets)
    from marts.forecast_weekly as week_forecast
    join marts.forecast_volume_daily as team_forecast
        on week_forecast.first_day <= team_forecast.day
            and week_forecast.last_day >= team_forecast.day
            and (week_forecast.account = team_forecast.account or week_forecast.account = 'all')
            and (week_forecast.team_id = team_forecast.team_id or week_forecast.team_id = 'all')
    group by week_forecast.account, week_forecast.team_id, week_forecast.first_day
) as sums
where abs(found - expected) > 0.000001 * (1 + expected)
