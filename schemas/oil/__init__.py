"""Crude oil as quantity: density, volume and mass by the published formula, and the mass balance of lots.

Nothing here knows a fixed number of barrels in a tonne: every conversion needs the density of the lot itself.
"""
