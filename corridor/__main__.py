"""Where the command ``corridor`` begins: first the guard, then the rest of the broker is imported."""

from __future__ import annotations

from corridor.guard import require_own_names


def main() -> None:
    """Refuse a mixed-up installation, then run the command line."""
    require_own_names()
    from corridor.cli import main as run  # noqa: PLC0415 - what it imports may not be ours before the guard ran

    run()


if __name__ == "__main__":
    main()
