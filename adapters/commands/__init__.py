"""The commands of an agency's centre: one file a group, each named by the project's metadata.

They stand above the host, since what people do at an adapter is done on its own store, with its
keys, and audited in its chain (`adapters.host.desk`).
"""
