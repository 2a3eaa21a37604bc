"""The layers around Flask: arrival, headers, hosts, proxies, the request log; and places for threads. Views are
elsewhere."""
