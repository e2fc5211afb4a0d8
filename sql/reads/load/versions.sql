select
    ticket_id,
    version_at
from source.ticket
where
    account = :account
    and version_at >= :since
    and version_at < :until
