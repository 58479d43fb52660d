"""Rides, users, trips and payments: one program, or four, of the same modules."""
