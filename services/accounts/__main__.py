"""`python -m services.accounts`: serves; `--help` tells what else."""

from services.accounts.command_line import command_line

if __name__ == "__main__":
    command_line()
