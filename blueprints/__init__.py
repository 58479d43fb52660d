"""Capabilities, one page each: components composed for a purpose, without a company's name."""
