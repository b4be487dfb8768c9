"""Web servers and proxies: what their configuration says they serve and pass on."""
