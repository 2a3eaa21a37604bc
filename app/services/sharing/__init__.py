"""What patients give to others: shares by a link and a passcode, digits for a doctor's PC, and sessions of guests."""
