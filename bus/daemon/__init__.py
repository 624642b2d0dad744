"""Step, outbox, loop, timers; hub and node are assembled here."""
