-- Every key of a row is the key of a row that is there.
select
    place,
    found,
    expected
from every_reference
