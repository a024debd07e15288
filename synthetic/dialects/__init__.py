"""A registry in the words of its hospitals: one folder a site, its file and its mapping."""
