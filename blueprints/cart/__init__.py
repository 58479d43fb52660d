"""The cart service: what is in carts, and how it becomes orders."""
