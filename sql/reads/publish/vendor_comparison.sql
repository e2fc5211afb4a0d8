with by_measure as (
    select
        account,
        measure,
        calendar,
        count(*) as compared_count,
        sum(case when state = 'explained' then 1 else 0 end) as explained_count,
        sum(case when state = 'unexplained' then 1 else 0 end) as unexplained_count
    from marts.vendor_comparison
    where
        not is_excluded
        and created_at >= :since
    group by
        account,
        measure,
        calendar
),

ranked as (
    select
        account,
        measure,
        calendar,
        compared_count,
        explained_count,
        unexplained_count,
        row_number() over (
            partition by account
            order by
                cast(unexplained_count as double) / compared_count desc,
                measure asc,
                calendar asc
        ) as from_worst
    from by_measure
)

select
    account,
    cast(sum(compared_count) as bigint) as compared_count,
    cast(sum(explained_count) as bigint) as explained_count,
    cast(sum(unexplained_count) as bigint) as unexplained_count,
    cast(sum(unexplained_count) as double) / sum(compared_count) as unexplained_share,
    max(
        case
            when from_worst = 1 and unexplained_count > 0
                then measure || case calendar when 'none' then '' else ' (' || calendar || ')' end
        end
    ) as worst_measure,
    max(
        case
            when from_worst = 1 and unexplained_count > 0
                then cast(unexplained_count as double) / compared_count
        end
    ) as worst_share
from ranked
group by account
order by
    cast(sum(unexplained_count) as double) / sum(compared_count) desc,
    account asc
