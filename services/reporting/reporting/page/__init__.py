"""The dashboard as people see it: templates, what is drawn, and the files a browser asks for."""
