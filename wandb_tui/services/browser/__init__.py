"""One Chromium, signed in once for all, that opens run pages a few at a time; and how to find or install one."""
