"""Runs a SELECT on the tables as they are, and changes nothing."""

import duckdb
import psycopg
import sqlalchemy as sa

from tasks.warehouse.engine import Warehouse

_TRIED = "tried_select"


def problem_of(warehouse: Warehouse, select: str) -> str:
    """What the database says of a SELECT that cannot be run; "" where it can."""
    with warehouse.session() as session:
        try:
            session.script(f"create temporary table {_TRIED} as {select}")
            session.script(f"drop table {_TRIED}")
        except (sa.exc.SQLAlchemyError, duckdb.Error, psycopg.Error) as trouble:
            return str(getattr(trouble, "orig", trouble)).strip().splitlines()[0]
        finally:
            session.rollback()
    return ""


def columns_of(warehouse: Warehouse, select: str) -> list[str]:
    """The columns that a SELECT gives."""
    with warehouse.session() as session:
        return list(session.execute(f"select * from ({select}) as made limit 0").keys())
