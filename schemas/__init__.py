"""Canonical registry tables: vocabulary, Pandera schemas, rules and mappings."""
