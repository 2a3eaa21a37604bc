"""The adapter to Tencent Cloud SMS: sending, and the vendor's callback. No texts and no retries here."""
