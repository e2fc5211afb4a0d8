"""The commands page, made from the Typer application."""

from collections.abc import Iterable

from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption
from typer.main import get_command

from docs.reference.markdown import code, heading, joined, table
from flows.cli import app

Parameter = TyperArgument | TyperOption


def commands() -> str:
    """Return every command with its help, arguments and options."""
    return joined(_entry(name, command) for name, command in all_commands())


def all_commands() -> list[tuple[str, TyperCommand]]:
    """Return every command with its full name, in alphabetical order."""
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    return list(_below("support-etl", group))


def parameters(command: TyperCommand) -> list[Parameter]:
    """Return the arguments and options of a command, without `--help`."""
    return [p for p in command.params if isinstance(p, Parameter) and p.name != "help"]


def _below(path: str, group: TyperGroup) -> Iterable[tuple[str, TyperCommand]]:
    for name, command in sorted(group.commands.items()):
        if isinstance(command, TyperGroup):
            yield from _below(f"{path} {name}", command)
        elif isinstance(command, TyperCommand):
            yield f"{path} {name}", command


def _entry(path: str, command: TyperCommand) -> str:
    own = parameters(command)
    arguments = [_name(p) for p in own if isinstance(p, TyperArgument)]
    usage = " ".join([path, *arguments, "[OPTIONS]"])
    rows = [(code(_name(p)), p.help, _default(p)) for p in own]
    return joined(
        [
            heading(2, code(path), path.replace(" ", "-")),
            _paragraphs(command.help or ""),
            f"```sh\n{usage}\n```",
            table(("Argument or option", "Meaning", "Default"), rows) if rows else "",
        ]
    )


def _paragraphs(text: str) -> str:
    return joined(" ".join(part.split()) for part in text.split("\n\n"))


def _name(parameter: Parameter) -> str:
    if isinstance(parameter, TyperArgument):
        return str(parameter.name).upper()
    return " / ".join([*parameter.opts, *parameter.secondary_opts])


def _default(parameter: Parameter) -> str:
    if parameter.required:
        return "required"
    default = parameter.default
    if isinstance(default, bool):
        return "yes" if default else "no"
    return "" if default is None else code(default)
