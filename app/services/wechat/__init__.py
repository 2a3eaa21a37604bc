"""WeChat accounts that are bound to patients. Notices are in services/channels."""
