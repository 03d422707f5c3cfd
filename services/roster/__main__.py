"""`python -m services.roster`: serves; `--help` tells what else."""

from services.roster.command_line import command_line

if __name__ == "__main__":
    command_line()
