"""The Qt side: the event loop that is the persistence loop, the thread that ticks, the window."""
