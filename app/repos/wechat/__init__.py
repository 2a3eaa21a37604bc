"""Queries on WeChat accounts that are bound to a patient. Binding is in app/services/wechat."""
