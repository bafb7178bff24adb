"""Forges on loopback: an API that is driven by the vendor's published OpenAPI description, and real
git over HTTP. Nothing here is a connector's; nothing here reaches a network."""
