"""The layers around Flask: arrival, headers, proxies, the request log, places for threads."""
