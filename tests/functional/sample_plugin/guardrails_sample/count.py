"""A reporter: how many findings."""


def report(verdict, style):
    return f"{len(verdict.findings)} findings\n"
