-- One row for each account that reports help centre visits.
select account from source.web_session
group by account
