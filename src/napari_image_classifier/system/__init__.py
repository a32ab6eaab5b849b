"""Files, processes, locks and progress: what the program asks of the operating system."""
