"""Terraform configurations without a registry: what providers and modules would bring, stood in for."""
