"""Result objects to HTML, Markdown and JSON."""
