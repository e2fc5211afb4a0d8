select
    record_id,
    loaded_stream as stream,
    deleted_at
from source.tombstone
where
    account = :account
    and entity = :entity
