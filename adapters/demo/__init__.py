"""`hedui demo`: the whole exchange on one machine, each participant a process of its own."""
