"""Items: what is classified, how it is prepared, grouped and split."""
