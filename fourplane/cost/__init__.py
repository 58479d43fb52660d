"""What a stack costs in a month, told from its graph alone."""
