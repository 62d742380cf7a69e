"""Building blocks of the panels: they show what they are given and know nothing of the host."""
