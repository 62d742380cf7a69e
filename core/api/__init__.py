"""What players reach over HTTP and WebSocket; runs on the network thread's own event loop."""
