"""A small certificate authority: one root, one issuing CA, three leaves a participant."""
