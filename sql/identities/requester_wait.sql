-- A requester's wait is the agents' work time plus the time on hold.
select
    account || ' ' || ticket_id as place,
    requester_wait_seconds_as_of as found,
    agent_work_seconds_as_of + on_hold_seconds_as_of as expected
from core.fct_ticket
where requester_wait_seconds_as_of <> agent_work_seconds_as_of + on_hold_seconds_as_of
