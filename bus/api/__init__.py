"""Request and response models of the faces."""
