"""Every metric on one list."""
