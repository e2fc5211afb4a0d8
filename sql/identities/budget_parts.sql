-- Plan and variances make the actual, and the outlook of a year is what is spent and what is to come.
select * from (
    select 'variance of ' || team || ' ' || cast(month_on as varchar) as place, plan + volume + mix + efficiency + rate + other + fx as found, actual as expected
    from marts.budget_variance_monthly
    union all
    select 'year of ' || team || ' ' || category || ' ' || cast(fiscal_year as varchar), year_end_plan, actual_to_date + plan_left from marts.budget_year
) as sums
where found <> expected
