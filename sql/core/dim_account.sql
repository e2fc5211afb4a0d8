select account, min(connector) as connector from source.ticket group by account
union
select account, min(connector) from source.survey_response
where account not in (select account from source.ticket) group by account
