"""HTTP in: parse, call an operation or a query, answer."""
