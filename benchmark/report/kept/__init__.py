"""Which elements the proxy mapping of DAM keeps, by the proxies that runs left."""
