"""What the window knows about the host: samples, levels and words. Imports no Qt widget."""
