"""The catalogue at work: reports of provinces, versions, what operators ask of it."""
