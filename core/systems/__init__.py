"""The systems: pure functions of the world, the rules and an instant. See core.systems.calendar."""
