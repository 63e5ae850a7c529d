"""A development OIDC issuer: hands a token to whoever asks on this machine, and never starts in production."""
