select record_id
from source.tombstone
where
    account = :account
    and entity = :entity
    and loaded_stream = :stream
