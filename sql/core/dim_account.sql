-- One row for each account that has delivered a ticket or a survey answer.
select
    account,
    min(connector) as connector
from source.ticket
group by account
union
select
    response.account,
    min(response.connector)
from source.survey_response as response
where response.account not in (select ticket.account from source.ticket as ticket)
group by response.account
