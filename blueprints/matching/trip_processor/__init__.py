"""What becomes of trips, from the events of matching."""
