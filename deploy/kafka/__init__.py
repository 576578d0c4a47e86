"""Apache Kafka without Docker, Java or Maven on the machine: one KRaft node in a directory of its own."""

from deploy.kafka.jars import Progress, cache_directory, classpath
from deploy.kafka.node import Node, answers, new_cluster

__all__ = ["Node", "Progress", "answers", "cache_directory", "classpath", "new_cluster"]
