"""What both directions share: bounded bodies, guarded connections, problems, rate limit, circuit."""
