select account from source.web_session
group by account
