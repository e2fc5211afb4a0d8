"""Files: people, teams and organizations."""

from tasks.connectors.files.api import table
from tasks.entities import AGENT, CONTRACT, CUSTOMER, ORGANIZATION, TEAM, TEAM_MEMBERSHIP

STREAMS = (
    table("agents", "Agents", AGENT),
    table("teams", "Teams", TEAM),
    table("team_memberships", "Who belongs to which team", TEAM_MEMBERSHIP),
    table("customers", "Customers", CUSTOMER),
    table("organizations", "Organizations", ORGANIZATION),
    table("contracts", "Revenue, renewal and churn", CONTRACT),
)
