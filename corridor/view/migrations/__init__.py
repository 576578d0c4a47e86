"""Migrations of the view's tables, run by Alembic.

A migration that changes what a row means empties ``position``: the role then reads the log anew.
"""
