"""`python -m services.web`: serve the pages, or bring the catalogues up to date."""

import typer

from services.web import catalogues
from services.web.app import create_app
from services.web.settings import WebSettings
from shared.command_line import ServiceCommands
from shared.server import serve as serve_app

commands = typer.Typer(cls=ServiceCommands, add_completion=False, help="The pages.")


@commands.callback(invoke_without_command=True)
def main(context: typer.Context) -> None:
    """Serve where nothing else is asked for."""
    if context.invoked_subcommand is None:
        serve()


@commands.command()
def serve() -> None:
    """Serve the pages until SIGTERM or Ctrl-C."""
    settings = WebSettings()
    serve_app(create_app(settings), settings)


@commands.command()
def phrases() -> None:
    """Take new Chinese phrases over into the catalogues, and drop those that are gone."""
    for code, missing in catalogues.update().items():
        print(f"{code}: {missing} phrases without translation")


if __name__ == "__main__":
    commands()
