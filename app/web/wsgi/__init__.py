"""What wraps a request outside of Flask: arrival, headers, proxies, the request log, places for threads."""
