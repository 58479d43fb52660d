"""What recommendations are made of: events, features, a model, and who answers with it."""
