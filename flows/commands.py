"""Commands for the day after the first: state, upgrade, move, tidy up, erase.

They are part of `support-etl` like the others.
"""

from typing import Annotated

import typer

from flows.console import Accounts, AsJson, print_json, progress, table
from tasks.settings import load

upkeep_app = typer.Typer()


@upkeep_app.command()
def status(
    max_age_hours: Annotated[
        float, typer.Option(help="Hours that the marts may be old.", min=0)
    ] = 26,
    as_json: AsJson = False,
) -> None:
    """Say how things stand: last run, age of the marts, alerts, quarantine.

    Exit code 3 if somebody should look.
    """
    from flows.upkeep import status as look

    found = look(load(), max_age_hours=max_age_hours)
    if as_json:
        print_json({"is_ok": found.is_ok, **dict(found.lines)})
    else:
        table("Status", ("What", "How it stands"), list(found.lines))
    if not found.is_ok:
        raise typer.Exit(3)


@upkeep_app.command()
def prepare() -> None:
    """Create the warehouse's tables, or bring them up to date after an upgrade, as their owner.

    Runs do this by themselves where their login may create tables.
    """
    from flows.upkeep import prepare_warehouse

    typer.echo(prepare_warehouse(load()))


@upkeep_app.command()
def migrate(
    to: Annotated[
        str,
        typer.Option(
            "--to",
            envvar="SUPPORT_ETL_MIGRATE_TO",
            help=(
                "URL of the new, empty warehouse, such as postgresql://owner@db.example/support."
                " With a password in it: by the variable, out of the process list."
            ),
        ),
    ],
) -> None:
    """Copy the whole warehouse into another one, such as from DuckDB into PostgreSQL.

    All of it or nothing; the old one is only read.
    """
    from flows.upkeep import migrate as move

    rows = move(load(), to, progress)
    typer.echo(
        f"{rows:,} rows copied; set warehouse.url to the new one, then `support-etl run` goes on"
        " from there"
    )


@upkeep_app.command()
def reconcile(
    days: Annotated[
        int, typer.Option(help="Length of the window; each week takes the next older one.", min=1)
    ] = 30,
    everything: Annotated[
        bool, typer.Option("--everything", help="All time since the accounts' start at once.")
    ] = False,
    account: Accounts = None,
    as_json: AsJson = False,
) -> None:
    """Compare a window with what the vendors tell: load what is missing, mark what is gone, say how
    much it was.

    For vendors that tell of no deletions (Jira, Zoho Desk) it is how deleted tickets leave the
    figures.
    """
    from flows.reconcile import run_reconciliation
    from flows.runner import ThreadRunner

    quiet = (lambda text: None) if as_json else progress
    outcome, found = run_reconciliation(
        load(),
        ThreadRunner(),
        days=days,
        accounts=account or (),
        everything=everything,
        progress=quiet,
    )
    rows = [
        (
            c.account,
            c.stream,
            c.entity,
            f"{c.window.start:%Y-%m-%d} to {c.window.end:%Y-%m-%d}",
            c.told,
            c.missing,
            c.different,
            len(c.ghosts),
            "yes" if c.is_repaired else "no: too many",
        )
        for c in found
    ]
    heads = (
        "Account",
        "Stream",
        "Entity",
        "Changed in",
        "Told",
        "Missing",
        "Different",
        "Gone",
        "Repaired",
    )
    if as_json:
        print_json(
            {
                "state": outcome.state,
                "compared": [dict(zip(heads, row, strict=True)) for row in rows],
            }
        )
    else:
        table("Compared with the vendors", heads, rows)
        for failure in outcome.failures:
            typer.echo(f"failed: {failure.account}/{failure.stream}: {failure.message}", err=True)
    if outcome.state != "completed":
        raise typer.Exit(3)


@upkeep_app.command()
def tidy(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove landed batches, reports and rows of the books that are older than the settings in
    [retention] say.
    """
    from flows.upkeep import tidy as clear

    found = clear(load(), dry_run=dry_run, progress=(lambda text: None) if as_json else progress)
    if as_json:
        print_json(found)


@upkeep_app.command()
def erase(
    account: Annotated[str, typer.Option("--account", help="Account of the customer.")],
    customer: Annotated[
        str,
        typer.Option(
            "--customer", help="The vendor's id of the customer, as in core.dim_customer."
        ),
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say where something of the person is.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Erase one person: warehouse, quarantine, landing zone, reports, readers' copy; then search
    all of them for a proof.

    Figures stay, a pseudonym stands for the person, and the next sync does not bring them back.
    Needs the secret SUPPORT_ETL_SECRET_ERASURE_KEY: any long random text, kept as long as the
    warehouse.
    """
    from flows.erasing import run_erasure
    from flows.runner import ThreadRunner

    made = run_erasure(
        load(),
        ThreadRunner(),
        account,
        customer,
        dry_run=dry_run,
        progress=(lambda text: None) if as_json else progress,
    )
    if as_json:
        print_json(
            {
                "pseudonym": made.pseudonym,
                "cleared": {t.place: t.count for t in made.cleared},
                "left": {t.place: t.count for t in made.left},
                "elsewhere": made.elsewhere,
            }
        )
    else:
        title = (
            "Where something of the person is"
            if dry_run
            else f"Cleared; {made.pseudonym} stands for the person"
        )
        table(
            title,
            ("Place", "Rows or files"),
            [
                (t.place, f"{t.count:,}")
                for t in (made.left if dry_run else made.cleared)
                if t.count
            ],
        )
        if not dry_run:
            typer.echo(
                "nothing is left"
                if not made.left
                else "still there: " + ", ".join(f"{t.place} ({t.count})" for t in made.left)
            )
        for other, customer_id in made.elsewhere:
            typer.echo(f"the same address: --account {other} --customer {customer_id}")
    if made.left and not dry_run:
        raise typer.Exit(4)
