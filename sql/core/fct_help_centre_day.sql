-- One row for each account and day of help centre use. Users count where the source counts them,
-- else sessions; several sites of an account are added up.
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
    coalesce(visits.account, views.account) as account,
    coalesce(visits.day, views.day) as day,
    coalesce(visits.sessions_count, 0) as sessions_count,
    coalesce(visits.users_count, 0) as users_count,
    coalesce(views.views_count, 0) as article_views_count,
    coalesce(views.helpful_count, 0) as helpful_count,
    coalesce(views.unhelpful_count, 0) as unhelpful_count
from visits full join views on visits.account = views.account and visits.day = views.day
