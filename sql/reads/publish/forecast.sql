select
    account,
    team,
    max(model) as model,
    avg(expected_tickets) as expected_tickets,
    max(backtest_wape) as backtest_wape,
    max(naive_wape) as naive_wape,
    max(noise_wape) as noise_wape,
    max(coverage_80) as coverage_80,
    max(coverage_95) as coverage_95
from marts.forecast_volume_daily
group by
    account,
    team
order by
    account,
    team
