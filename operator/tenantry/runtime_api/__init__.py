"""The runtime API: the only HTTP server. Each call is one use case of services, with the reasons that they give."""
