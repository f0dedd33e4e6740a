"""Sign-in pages that others have written, installed from PyPI, npm and Debian, in front of the sandbox's own pages."""
