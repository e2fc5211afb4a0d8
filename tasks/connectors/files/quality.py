"""Files: what customers, reviewers and courses say of the work."""

from tasks.connectors.files.api import table
from tasks.entities import (
    COURSE_ASSIGNMENT,
    QUALITY_REVIEW,
    SURVEY,
    SURVEY_INVITATION,
    SURVEY_QUESTION,
    SURVEY_RESPONSE,
)

STREAMS = (
    table("surveys", "Surveys", SURVEY),
    table("survey_questions", "Questions of surveys", SURVEY_QUESTION),
    table("survey_invitations", "Surveys sent", SURVEY_INVITATION),
    table("survey_responses", "Scores that customers gave", SURVEY_RESPONSE),
    table("quality_reviews", "Reviews of agents' work", QUALITY_REVIEW),
    table("course_assignments", "Training", COURSE_ASSIGNMENT),
)
