select
    account,
    measure,
    calendar,
    count(*) as compared_count,
    cast(sum(case when state = 'equal' then 1 else 0 end) as bigint) as equal_count,
    cast(sum(case when state = 'explained' then 1 else 0 end) as bigint) as explained_count,
    cast(sum(case when state = 'unexplained' then 1 else 0 end) as bigint) as unexplained_count
from marts.vendor_comparison
where
    not is_excluded
    and created_at >= :since
    and created_at < :until
group by
    account,
    measure,
    calendar
order by
    account asc,
    measure asc,
    calendar asc
