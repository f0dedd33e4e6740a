"""Signs in on pages of any design: reads the page, decides on the next action, performs it, and checks the result."""
