"""A policy pack for Pulumi: rules that read as sentences."""
