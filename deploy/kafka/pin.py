"""Write ``jars.lock`` for a version of Kafka: ``python -m deploy.kafka.pin 4.4.0``."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import jgo.maven

from deploy.kafka.jars import LOCK_FILE, sha256

SCALA = "2.13"
HEADER = """\
# Apache Kafka {version} and all it needs to run: coordinate, bytes, SHA-256. In class path order.
# Written by `python -m deploy.kafka.pin {version}`; never edit by hand.
"""


def pin(version: str) -> str:
    """Resolve one version of Kafka and return the text of its lock file."""
    with tempfile.TemporaryDirectory() as scratch:
        context = jgo.maven.MavenContext(repo_cache=Path(scratch), timeout=30)
        roots, rest = context.resolver.resolve(
            [context.create_dependency(f"org.apache.kafka:kafka_{SCALA}:{version}")]
        )
        dependencies = [*roots, *rest]
        log4j = next(d.version for d in dependencies if d.artifactId == "log4j-core")
        # Kafka leaves the binding of its logging facade to the distribution. Resolved on its own: as a second
        # root its parent's dependency management would override the version of kafka-clients.
        dependencies.append(context.create_dependency(f"org.apache.logging.log4j:log4j-slf4j-impl:{log4j}"))
        rows = []
        for dependency in dependencies:
            path = Path(dependency.artifact.resolve())
            coordinate = f"{dependency.groupId}:{dependency.artifactId}:{dependency.version}"
            rows.append(f"{coordinate} {path.stat().st_size} {sha256(path)}\n")
    return HEADER.format(version=version) + "".join(rows)


if __name__ == "__main__":
    LOCK_FILE.write_text(pin(sys.argv[1]))
