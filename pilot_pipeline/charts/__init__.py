"""Every plot of the pilot: Altair charts from published frames, and their SVG and PNG; no figure is computed here."""
