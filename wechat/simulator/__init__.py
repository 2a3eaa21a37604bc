"""A simulated WeChat: a strict stand-alone HTTP server for demos and tests, never for production.

It refuses what WeChat refuses. `docs/simulated-wechat.md` is its manual. Nothing here knows the product.
"""
