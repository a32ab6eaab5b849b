"""Classification of folders: the stream of predictions, the journal, the table, its manifest."""
