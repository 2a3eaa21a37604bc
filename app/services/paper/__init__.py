"""What is printed: report sheet and QR code."""
