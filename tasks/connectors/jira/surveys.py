"""Jira Service Management: surveys, invitations and scores."""

from tasks.connectors.jira.transforms import ratings
from tasks.entities import SURVEY_RESPONSE
from tasks.rest.spec import Output

RATINGS = (Output(SURVEY_RESPONSE, transform=ratings),)
