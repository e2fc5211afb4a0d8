-- Users where the source counts them, else sessions; several sites of an account are added up.
with visits as (
    select
        account,
        visited_on as day,
        sum(sessions_count) as sessions_count,
        sum(coalesce(users_count, sessions_count)) as users_count
    from source.web_session
    group by account, visited_on
),

views as (
    select
        account,
        viewed_on as day,
        sum(views_count) as views_count,
        sum(helpful_count) as helpful_count,
        sum(unhelpful_count) as unhelpful_count
    from source.article_view
    group by account, viewed_on
)

select
    coalesce(v.account, a.account) as account,
    coalesce(v.day, a.day) as day,
    coalesce(v.sessions_count, 0) as sessions_count,
    coalesce(v.users_count, 0) as users_count,
    coalesce(a.views_count, 0) as article_views_count,
    coalesce(a.helpful_count, 0) as helpful_count,
    coalesce(a.unhelpful_count, 0) as unhelpful_count
from visits as v full join views as a on v.account = a.account and v.day = a.day
