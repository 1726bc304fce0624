#!/usr/bin/env python3
"""Exports a customized OS-image profile and fetches the archive. Arguments: profile id, folder."""
import os
import sys
import time

import requests

LXCA = "https://lxca.example.com"

profile, folder = sys.argv[1:3]
session = requests.Session()
session.verify = False  # LXCA's certificate is self-signed

answer = session.post(
    LXCA + "/sessions",
    json={"UserId": os.environ["LXCA_USER"], "password": os.environ["LXCA_PASSWORD"]},
)
answer.raise_for_status()
session.headers["X-Csrf-Token"] = answer.cookies["csrf"]

export = session.get(LXCA + "/osImages/" + profile).json()
if export["result"] != "success":
    sys.exit("; ".join(export["messages"]))

while True:
    task = session.get(LXCA + "/tasks/" + export["jobID"]).json()[0]
    if task["percentage"] == 100.0:
        break
    time.sleep(1)
if task["status"] != "Complete":
    sys.exit("the export ended as " + task["status"])

with session.get(LXCA + "/osImages/" + export["filename"], stream=True) as download:
    download.raise_for_status()
    with open(os.path.join(folder, export["filename"]), "wb") as file:
        for piece in download.iter_content(1024 * 1024):
            file.write(piece)

session.delete(LXCA + "/sessions").raise_for_status()
print(export["filename"])
