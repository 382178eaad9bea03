"""What a night makes and why, what that is expected to take, and what of it is still to do."""
