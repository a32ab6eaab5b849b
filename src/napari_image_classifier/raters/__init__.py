"""People: annotations, blinded sessions, agreement with each other and the machine."""
