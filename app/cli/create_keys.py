"""`python -m app.cli.create_keys [--rotate] PATH` makes a hospital's master keys (app/security/keys).

It is no `flask` command, because every `flask` command needs the keys.
"""

from __future__ import annotations

from pathlib import Path

import click

from app.errors import InsecureKeyFile
from app.security.keys import MasterKeys


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--rotate", is_flag=True, help="Add a key to an existing file: what comes is sealed under it.")
def main(path: Path, rotate: bool) -> None:
    """Write new master keys to PATH, readable by their owner only. An existing file is only touched by --rotate."""
    try:
        keys = MasterKeys.rotate(path) if rotate else MasterKeys.generate(path)
    except InsecureKeyFile as error:
        raise click.ClickException(str(error)) from None
    except FileExistsError:
        raise click.ClickException(f"{path} exists; everything that was sealed with its keys needs them") from None
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror}") from None
    if rotate:
        click.echo(f"{path} wraps with {keys.current_id} from the next start on. Keep a new copy; remove no older key.")
        return
    click.echo(
        f"{path} holds new master keys. Keep a copy in another place than the data: without them nothing opens again."
    )


if __name__ == "__main__":
    main()
