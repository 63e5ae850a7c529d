"""Starts PostgreSQL, Kafka, the development issuer and the four services on one machine, and stops them again."""
