"""`python -m app.create_keys PATH`: a hospital's master keys, made once. `flask` commands need them already."""

from __future__ import annotations

from pathlib import Path

import click

from app.security.keys import MasterKeys


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
def main(path: Path) -> None:
    """Write new master keys to PATH, readable by their owner only. An existing file is never touched."""
    try:
        MasterKeys.generate(path)
    except FileExistsError:
        raise click.ClickException(f"{path} exists; whatever was sealed with its keys needs them") from None
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror}") from None
    click.echo(f"{path} holds new master keys. Keep a copy apart from the data: without them nothing opens again.")


if __name__ == "__main__":
    main()
