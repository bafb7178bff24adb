"""What all forges share: which repositories are read, in which shards, and how one is collected.

For connectors that list repositories over a forge's API and read them with git. A forge's own API
(its paths, its permissions, its words) is the connector's business.
"""
