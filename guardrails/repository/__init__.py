"""The repository as judged: the work tree, the index or a commit."""
