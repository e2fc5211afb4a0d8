"""Jira Service Management: SLA clocks and policies."""

from tasks.connectors.jira.transforms import sla
from tasks.entities import SLA_EVENT
from tasks.rest.spec import Output

SLA_EVENTS = (Output(SLA_EVENT, transform=sla),)
