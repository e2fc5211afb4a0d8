"""Zoho Desk: SLA clocks. Targets are in no part of the API that is described."""

from tasks.connectors.zoho_desk.transforms import due_times
from tasks.entities import SLA_EVENT
from tasks.rest.spec import Output

SLA_EVENTS = (Output(SLA_EVENT, transform=due_times),)
