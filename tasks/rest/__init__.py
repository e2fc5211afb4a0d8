"""How HTTP APIs are read: session, credentials, paging, limits, retries, typed pages."""
