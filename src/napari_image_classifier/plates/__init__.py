"""Wells, doses, plate maps and tracks, summarized from predictions."""
