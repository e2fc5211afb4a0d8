select
    scenarios.scenario,
    max(scenarios.assumptions) as assumptions,
    sum(scenarios.expected_tickets) as expected_tickets,
    sum(scenarios.base_expected_tickets) as base_expected_tickets,
    sum(scenarios.fte) as fte,
    sum(scenarios.base_fte) as base_fte,
    sum(scenarios.extra_cost) as extra_cost,
    max(settings.currency) as currency
from marts.staffing_scenario_daily as scenarios
cross join ops.reporting_setting as settings
group by scenarios.scenario
order by scenarios.scenario
