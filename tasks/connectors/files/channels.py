"""Files: phone, presence, social networks and the help centre."""

from tasks.connectors.files.api import table
from tasks.connectors.files.transforms import call
from tasks.entities import (
    AGENT_PRESENCE,
    ARTICLE,
    ARTICLE_VIEW,
    CALL,
    SOCIAL_MESSAGE,
    WEB_SESSION,
    Column,
)

STREAMS = (
    table(
        "calls",
        "Phone calls; wait_seconds and is_answered stand for answered_at and abandoned_at",
        CALL,
        extras=(
            Column("wait_seconds", "number", "Wait until the answer or the end, seconds"),
            Column("is_answered", "flag", "An agent answered"),
        ),
        finish=call,
    ),
    table("agent_presence", "States of agents", AGENT_PRESENCE),
    table("articles", "Articles of the help centre", ARTICLE),
    table("article_views", "Views of articles by day", ARTICLE_VIEW),
    table("web_sessions", "Visits of the help centre by day", WEB_SESSION),
    table("social_messages", "Messages on social networks", SOCIAL_MESSAGE),
)
