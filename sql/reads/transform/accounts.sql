select distinct account
from source.ticket
order by account
