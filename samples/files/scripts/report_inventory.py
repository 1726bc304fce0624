#!/usr/bin/env python3
"""Writes what this machine is made of as one JSON object, to a file or to standard output."""
import json
import os
import platform
import sys


def read_first_line(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.readline().strip()
    except OSError:
        return ""


def memory_bytes():
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def inventory():
    return {
        "hostname": platform.node(),
        "kernel": platform.release(),
        "architecture": platform.machine(),
        "processors": os.cpu_count(),
        "memory_bytes": memory_bytes(),
        "vendor": read_first_line("/sys/class/dmi/id/sys_vendor"),
        "product": read_first_line("/sys/class/dmi/id/product_name"),
        "interfaces": sorted(os.listdir("/sys/class/net")) if os.path.isdir("/sys/class/net") else [],
    }


def main(arguments):
    text = json.dumps(inventory(), indent=2, sort_keys=True) + "\n"
    if len(arguments) > 1:
        with open(arguments[1], "w", encoding="utf-8") as file:
            file.write(text)
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main(sys.argv)
