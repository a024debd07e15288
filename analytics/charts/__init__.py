"""Result objects to Vega-Lite specifications."""
