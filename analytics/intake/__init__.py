"""From a site's bytes to canonical text, findings and a gate."""
