"""WeChat notices."""
