"""Keys and references of models: what is declared, and what is made of it."""

from typing import Any

from docs.reference.star import relationships, star_of_tickets
from tasks.entities import Column
from tasks.sqlmodels.catalog import Model, models
from tasks.sqlmodels.dictionary import unit_of
from tasks.sqlmodels.star import declared, every_link, starred


def test_every_dimension_has_a_key_of_one_column():
    targets = {link.target for _, link in every_link(models().values())}
    dimensions = {name for name in targets if name.startswith("core.dim_")}
    assert dimensions >= {f"core.dim_{name}" for name in ("team", "agent", "date", "hour", "kpi")}
    assert all(len(models()[name].primary) == 1 for name in targets)


def test_every_fact_refers_to_dimensions():
    facts = [m for m in models().values() if m.full_name.startswith(("core.fct_", "core.snap_"))]
    assert [
        m.full_name for m in facts if not any(k.target == "core.dim_account" for k in m.links)
    ] == []
    bare = [
        f"{model.full_name}.{column.name}"
        for model in facts
        for column in model.columns
        if column.name in {"team_id", "agent_id", "customer_id", "ticket_id", "organization_id"}
        and column.name not in {link.source.column for link in model.links}
        and column.name not in model.grain[-1:]
    ]
    assert bare == []


def _model(name: str, select: str, inputs: tuple[str, ...], **more: Any) -> Model:
    schema, _, short = name.partition(".")
    return Model(schema, short, "", ("account", "team_id"), "", (), select, inputs=inputs, **more)


def test_a_table_that_reads_a_dimension_names_no_members_to_it():
    """Else the dimension would wait for the table, and the table for the dimension."""
    references = declared({"team_id": "core.dim_team"})
    listed = {
        model.full_name: model
        for model in (
            _model("core.dim_team", "select * from every_mention", (), key="team_key"),
            _model("core.fct_a", "", (), references=references),
            _model("marts.b", "", ("core.dim_team",), references=references),
        )
    }
    made = starred(listed)
    assert made["core.dim_team"].inputs == ("core.fct_a",)
    assert [made[name].links[0].enforced for name in ("core.fct_a", "marts.b")] == [True, False]
    assert made["marts.b"].primary == ("team_key",)


def test_the_site_draws_the_star():
    assert "dim_customer ||--o{ fct_ticket : requester_key" in star_of_tickets()
    assert "`core.fct_ticket.created_on` | `core.dim_date.day` | yes" in relationships()


def test_a_number_has_the_unit_of_its_name():
    assert unit_of(Column("handle_seconds", "number", "")) == "seconds"
    assert unit_of(Column("amount", "money", "")) == "reporting currency"
    assert unit_of(Column("is_open", "flag", "")) is None
