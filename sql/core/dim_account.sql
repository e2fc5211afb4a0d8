select
    account,
    min(connector) as connector
from source.ticket
group by account
union
select
    r.account,
    min(r.connector)
from source.survey_response as r
where r.account not in (select t.account from source.ticket as t)
group by r.account
