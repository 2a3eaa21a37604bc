"""What patients agree to before their first look, and how they take it back."""
