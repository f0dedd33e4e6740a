"""The secrets and sessions: where they are kept, which of them is used, and how they stay out of everything else."""
