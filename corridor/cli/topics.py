"""``corridor topics``: the broker's topics, made and checked."""

from __future__ import annotations

import asyncio

import click

from corridor.cli.exits import Exit
from corridor.cli.options import emit, json_option, settings_options
from corridor.settings import Settings
from streams.kafka import topics

EPILOG = """\b
Examples:
  corridor topics list
  corridor topics create --kafka broker1:9092
  corridor topics check --json
"""


@click.group(epilog=EPILOG)
def command() -> None:
    """List, create and check the topics that the settings call for."""


@command.command("list")
@settings_options
@json_option
def list_(settings: Settings, as_json: bool) -> None:
    """List the topics that there must be; asks no cluster."""
    for topic in _plan(settings):
        if as_json:
            emit(topic)
        else:
            policy = topic.config["cleanup.policy"]
            click.echo(f"{topic.name:32} {topic.partitions:3} partitions x{topic.replication}  {policy}")


@command.command()
@settings_options
@click.option("--unsafe", is_flag=True, help="Allow one copy only: for one broker on one machine.")
@json_option
def create(settings: Settings, unsafe: bool, as_json: bool) -> None:
    """Create what is missing; what is there is left alone."""
    if not unsafe:
        topics.refuse_unsafe(settings.topics)
    created = asyncio.run(topics.create(settings.kafka, _plan(settings)))
    for name in created:
        if as_json:
            emit({"created": name})
        else:
            click.echo(f"created {name}")
    if not created and not as_json:
        click.echo("all topics are there")


@command.command(epilog="\b\nExit codes: 0 all is well, 1 something is not as it should be.")
@settings_options
@json_option
def check(settings: Settings, as_json: bool) -> int:
    """Compare partitions, copies and configuration of the cluster's topics with what they must be."""
    deviations = asyncio.run(topics.check(settings.kafka, _plan(settings)))
    for d in deviations:
        if as_json:
            emit(d)
        else:
            click.echo(f"{d.topic}: {d.what} is {d.found or 'not set'}, must be {d.expected}")
    if not deviations and not as_json:
        click.echo("all topics are as they must be")
    return Exit.FINDINGS if deviations else Exit.OK


def _plan(settings: Settings) -> list[topics.Topic]:
    return topics.plan(settings.participants, settings.topics, settings.peers)
