"""The auditor: a program apart from the services that reads only evidence, and decides which promises were kept."""
