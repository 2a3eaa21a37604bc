"""Messages to patients: the outbox, sending, receipts. Texts and carriers are in services/channels."""
