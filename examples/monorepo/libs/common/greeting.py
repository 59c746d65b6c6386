"""Shared by both sites. The bundle of each has it as the package `common`."""


def greeting(name):
    return f"Hello from {name}.\n"
