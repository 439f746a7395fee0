"""What a policy is, as data, and where policies come from."""
