select
    scenario,
    assumptions,
    account,
    team_id,
    team,
    day,
    expected_tickets,
    base_expected_tickets,
    handle_minutes,
    fte,
    base_fte,
    extra_fte,
    is_feasible,
    extra_cost
from marts.staffing_scenario_daily
where scenario <> :written
