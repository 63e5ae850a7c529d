"""The demo: plays one launch through the public APIs, from the first click to what changed because of it, and checks every count."""
