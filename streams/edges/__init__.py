"""What HTTP edges need of the log: messages in, pages in, and which ids are in it already."""
