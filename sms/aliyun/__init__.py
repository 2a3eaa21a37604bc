"""The adapter to Aliyun's SMS: sending, and the vendor's callback. No texts and no retries here."""
