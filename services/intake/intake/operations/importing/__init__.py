"""Taking an imported file's rows: all are checked and compared with each other first, then applied in batches; one file at a time.

Every step is a transaction together with the mark of how far it came, so that whoever goes on after a kill does nothing twice.
"""
