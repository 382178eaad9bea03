"""What runs inside the sandbox's processes: standard library only, started without the rest of r1data.

`zygote` starts the others: it enters its own namespaces, then forks one `program` process per program, which
forks one `driver` process per test. The modules use relative imports, so the same files serve both sides.
"""
