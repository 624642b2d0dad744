"""Bytes of payloads to messages of the model and back."""
