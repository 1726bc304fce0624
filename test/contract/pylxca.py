"""Behaves on the wire as pylxca 4.2.0 does, call by call (contract, section 12.1), and as its 2019 edition for the
export. Written from the contract. Arguments: URL, user, password, a folder to work in, and the id of a profile.
Ends with "done"; any demand that is not met raises."""

import json
import os
import sys
import time

import requests

url, user, password, folder, profile = sys.argv[1:6]
session = requests.session()
session.verify = False
session.headers.update({"User-Agent": "LXCA via Python Client / 4.2.0"})
JSON = {"content-type": "application/json; charset=utf-8"}


def call(method, path, data=None, timeout=60, **more):
    """Every request has the JSON content type, also without a body; any 4xx or 5xx raises."""
    headers = {**JSON, **more.pop("headers", {})}
    answer = session.request(method, url + path, data=data, headers=headers, timeout=timeout, **more)
    answer.raise_for_status()
    return answer


def demand(condition, what):
    if not condition:
        raise SystemExit("not met: " + what)


# connect
answer = call("POST", "/sessions", json.dumps({"UserId": user, "password": password}), 3,
              headers={"Referer": url + "/sessions"})
demand(answer.status_code == 200, "200 exactly, or the CSRF token is not kept")
demand("csrf" in answer.cookies and "JSESSIONID" in answer.cookies, "the cookies")
session.headers["X-Csrf-Token"] = answer.cookies["csrf"]
call("GET", "/aicc", timeout=3).json()

# osimages
demand(isinstance(call("GET", "/osImages").json(), dict), "the list is an object")

# globalsettings
settings = call("GET", "/osdeployment/globalSettings").json()
change = {
    "activeDirectory": settings["globalSetting"]["activeDirectory"],
    "credentials": [{"type": "LINUX", "name": "root", "password": "Passw0rd-x", "passwordChanged": True}],
    "ipAssignment": "dhcpv4", "isVLANMode": "false", "licenseKeys": settings["globalSetting"]["licenseKeys"],
}
call("PUT", "/osdeployment/globalSettings", json.dumps(change)).json()


def watch(job):
    """Ansible's loop (contract, 10.2)."""
    for _ in range(600):
        task = call("GET", "/tasks/" + job).json()[:][0]
        if task["percentage"] == 100.0:
            demand("Complete" in task["status"] and "CompleteWithErrors" not in task["status"], task["status"])
            return task
        time.sleep(0.1)
    raise SystemExit("job " + job + " does not end")


def upload(kind, name, content, query):
    job = call("POST", "/osImages/?imageType=" + kind, json.dumps({"Action": "Init", "fileSize": len(content)})).json()["jobId"]
    path = os.path.join(folder, name)
    with open(path, "wb") as file:
        file.write(content)
    # Spaces are encoded, a plus is not; the content type is the form's.
    address = "/files/osImages?jobId=" + job + "&imageName=" + name.replace(" ", "%20") + "&imageType=" + kind + query
    with open(path, "rb") as file:
        parts = [("name", (None, "uploadedfile")), ("uploadedfile", (name, file, "application/octet-stream"))]
        answer = session.post(url + address, files=parts, timeout=6000)
    demand(answer.json()["jobId"] == job, "the job's id")
    return watch(job)


name = "say c++ hello.sh"
upload("SCRIPT", name, b"#!/bin/sh\necho hello\n", "&os=rhels&description=with%20c++#never arrives")
listed = [f for f in call("GET", "/osImages").json()["installScriptFiles"] if f["name"] == name]
demand(len(listed) == 1, "the name keeps its plus signs")
demand(listed[0]["description"] == "with c++", "the description too")
upload("CUSTOM_CONFIG", "settings.json", b'{"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object"}', "&os=rhels")

# import from a remote server: JSON at any status
job = call("POST", "/osImages/?imageType=SCRIPT", json.dumps({"Action": "Init"})).json()["jobId"]
answer = session.post(url + "/files/osImages?jobId=" + job + "&imageName=a.sh&imageType=SCRIPT&os=rhels",
                      data=json.dumps({"serverId": "9999", "path": "a.sh"}), headers=JSON, timeout=6000)
answer.json()

# remotefileservers
server = {"address": "192.0.2.7", "displayName": "lab", "port": 22, "protocol": "SFTP", "username": "u", "password": "p"}
made = call("POST", "/osImages/remoteFileServers", json.dumps(server)).json()
server_id = made["serverId"]
demand(call("GET", "/osImages/remoteFileServers").json()["serverList"], "the list of servers")
call("GET", "/osImages/remoteFileServers/" + server_id).json()
update = {"address": "192.0.2.7", "displayName": "lab 2", "port": 22, "protocol": "SFTP"}
call("PUT", "/osImages/remoteFileServers/" + server_id, json.dumps(update)).json()
call("DELETE", "/osImages/remoteFileServers/" + server_id, json.dumps({})).json()

# the export of the 2019 edition, and the download
export = call("GET", "/osImages/" + profile).json()
demand(export["result"] == "success" and export["messages"] == [], "the export's answer")
watch(export["jobID"])
archive = call("GET", "/osImages/" + export["filename"])
demand(archive.content[:2] == b"\x1f\x8b", "gzip")

# tasks
demand(isinstance(call("GET", "/tasks").json(), list), "a bare list")
for task in call("GET", "/tasks?compact=true").json():
    demand(not task.get("children"), "no children")
    demand(isinstance(task["jobUID"], str) and isinstance(task["status"], str), "jobUID and status")
waiting = call("POST", "/osImages/?imageType=SCRIPT", json.dumps({"Action": "Init"})).json()["jobId"]
demand(call("PUT", "/tasks", json.dumps({"action": "cancel", "list": [waiting]})).status_code == 200, "cancel")
demand(call("DELETE", "/tasks/" + export["jobID"]).status_code in (200, 204), "delete")
answer = session.put(url + "/tasks/" + waiting, json.dumps({"jobUID": waiting, "percentage": 50}), headers=JSON)
demand(answer.status_code == 403, "nobody overwrites the progress of a real job")
answer.json()

# delete; ids of more than a hundred characters
call("DELETE", "/osImages/" + listed[0]["id"] + "," + export["filename"], json.dumps({})).json()
upload("SCRIPT", "n" * 120 + ".sh", b"#!/bin/sh\n", "&os=rhels")
long_id = [f["id"] for f in call("GET", "/osImages").json()["installScriptFiles"] if len(f["name"]) > 100][0]
demand(len(long_id) > 100, "a long id")
call("DELETE", "/osImages/" + long_id, json.dumps({})).json()

# a 403 is given to the caller as data
answer = session.get(url + "/osImages/" + profile, headers={"X-Csrf-Token": "wrong"})
demand(answer.status_code == 403 and isinstance(answer.json()["messages"][0], str), "a refusal in JSON")

# disconnect: an empty body, JSON back
answer = session.delete(url + "/sessions", headers={**JSON, "Content-Length": "0"}, timeout=3)
demand(answer.status_code == 200 and answer.json()["result"] == "success", "disconnect")
demand(session.get(url + "/osImages").status_code == 401, "signed out")
print("done")
