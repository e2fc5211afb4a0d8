"""What the site says about settings, commands, tables, KPIs, connectors and errors.

All of it is made from the code and the yml files. Nothing of it is written by hand.
"""

from collections.abc import Callable, Mapping

from docs.reference.commands import commands
from docs.reference.connectors import connector_list, ways_to_sign_in
from docs.reference.errors import errors
from docs.reference.files import file_settings, file_tables
from docs.reference.kpis import kpi_list
from docs.reference.settings import settings
from docs.reference.star import relationships, star_of_others, star_of_tickets
from docs.reference.tables import (
    built_tables,
    ops_tables,
    personal_columns,
    read_models,
    source_tables,
)

REFERENCE: Mapping[str, Callable[[], str]] = {
    "commands": commands,
    "connectors": connector_list,
    "errors": errors,
    "files.settings": file_settings,
    "files.tables": file_tables,
    "kpis": kpi_list,
    "personal_columns": personal_columns,
    "relationships": relationships,
    "settings": settings,
    "star.others": star_of_others,
    "star.tickets": star_of_tickets,
    "sign_in": ways_to_sign_in,
    "tables.core": lambda: built_tables("core"),
    "tables.marts": lambda: built_tables("marts"),
    "tables.ops": ops_tables,
    "tables.reads": read_models,
    "tables.source": source_tables,
    "tables.staging": lambda: built_tables("staging"),
}
