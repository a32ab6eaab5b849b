"""The only rooms with Qt: one file per dock widget, and what they are made of."""
