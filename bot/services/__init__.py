"""What happens: intake, turns, delivery, handoffs, the desk, timers. Knows domain and ports only."""
