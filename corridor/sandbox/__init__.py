"""The sandbox: participants that speak the open profiles over HTTP, with timetable, ledger and faults.

They stand for the real ones where those cannot be had: in `corridor up` without settings, in the fault tests
and for an integrator who wants to see his own broker under load and under faults.
"""
