"""The bias audit: twins for the tool before launch, its recommendations afterwards; the person is the unit."""
