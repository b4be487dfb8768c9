"""What a collection costs, measured on lab hosts beside two other ways to the same evidence."""
