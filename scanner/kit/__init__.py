"""All that a connector's author may use: contract, read-only transports, paging, limits, tables."""
