"""The battle: two sides, the stats of units and a seed in, a report out.

Nothing here knows the world, a clock or a thread."""
