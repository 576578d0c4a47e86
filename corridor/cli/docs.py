"""``corridor docs``: write the reference pages, or say which are stale."""

from pathlib import Path

import click

from corridor.cli.exits import Exit
from corridor.cli.options import emit, json_option
from corridor.reference import PAGES, stale, write


@click.command(
    name="docs",
    epilog="""\b
Examples:
  corridor docs
  corridor docs --check
  corridor docs --directory /tmp/reference

\b
Exit codes: 0 written or up to date, 1 --check found a stale page.""",
)
@click.option(
    "--directory",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("docs"),
    show_default=True,
    help="Where the pages are.",
)
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 when a page is stale.")
@json_option
def command(directory: Path, check: bool, as_json: bool) -> int:
    """Write the reference pages that are made from schemas, examples, code lists and error codes."""
    changed = stale(directory) if check else write(directory)
    if as_json:
        emit({"pages": sorted(PAGES), "stale" if check else "written": changed})
    else:
        for name in changed:
            click.echo(f"{'stale' if check else 'written'}: {directory / name}")
        click.echo(f"{len(PAGES) - len(changed)} of {len(PAGES)} pages were up to date.")
    return Exit.FINDINGS if check and changed else Exit.OK
