-- One row for each slice and value of tickets, over all accounts: the values that most tickets have
-- stand for themselves, the rest is summed as 'other values'. An empty field ('none') always stands
-- for itself.
with value_counts as (
    select
        name as slice,
        value,
        count(*) as tickets_count
    from core.bridge_ticket_field
    where is_slice
    group by name, value
),

ranked_values as (
    select
        slice,
        value,
        row_number() over (
            partition by slice
            order by case when value = 'none' then 1 else 0 end asc, tickets_count desc, value asc
        ) as place
    from value_counts
)

select
    ranked_values.slice,
    ranked_values.value,
    case
        when ranked_values.value = 'none' or ranked_values.place <= setting.most_values
            then ranked_values.value
        else 'other values'
    end as slice_value
from ranked_values cross join ops.slice_setting as setting
