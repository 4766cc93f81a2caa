"""An MCP server on stdio that does what its first argument says, well or badly.

It notes the number of each of its processes in the folder that the second argument names. Whatever it writes holds the
value that it was given, so that a test sees whether any of that gets out.
"""

import json
import os
import signal
import sys
import time

mode, folder = sys.argv[1:3]
token = os.environ.get("TOKEN", "")


def note(name, text):
    with open(os.path.join(folder, name), "a", encoding="utf-8") as file:
        file.write(text + "\n")


def line(text):
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def say(**message):
    line(json.dumps({"jsonrpc": "2.0", **message}))


def forever():
    while True:
        signal.pause()


def daemon():
    """Leaves a process behind that has a session of its own and the pipes open."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            note("pids", str(os.getpid()))
            forever()
        os._exit(0)
    os.wait()
    while len(open(os.path.join(folder, "pids"), encoding="utf-8").readlines()) < 2:
        time.sleep(0.01)


def asked_to_end(*_):
    note("asked", mode)
    os._exit(0)


def hello(asked):
    revision = {"old": "2024-11-05", "other-revision": "1999-01-01"}.get(mode, "2025-11-25")
    say(id=asked["id"], result={"protocolVersion": revision, "capabilities": {}, "serverInfo": {"name": token}})


def tools(asked):
    if mode == "exit-listing":
        sys.exit(4)
    if mode == "no-list":
        say(id=asked["id"], error={"code": -32601, "message": token})
    elif mode == "lists-never":
        forever()
    elif mode == "malformed":
        say(id=asked["id"], result={"tools": token})
    elif mode == "asks":
        number = 0
        while True:
            number += 1
            say(id=number, method="ping")
    elif mode == "pages":
        at = int(asked.get("params", {}).get("cursor", "0"))
        more = {"nextCursor": str(at + 1)} if at < 4 else {}
        say(id=asked["id"], result={"tools": [{"name": f"tool-{at}"}, {"name": f"more-{at}"}], **more})
    else:
        if mode == "pings":
            say(id="of the server", method="ping")
            if json.loads(sys.stdin.readline()).get("result") != {}:
                sys.exit(8)
            say(method="notifications/tools/list_changed")
        say(id=asked["id"], result={"tools": [{"name": "check", "description": token}]})


def call(asked):
    note("called", asked["params"]["name"])
    if mode == "waits":
        while not os.path.exists(os.path.join(folder, "go")):
            time.sleep(0.01)
    if mode == "calls-never":
        forever()
    if mode == "error":
        say(id=asked["id"], error={"code": -32603, "message": token, "data": token})
        return
    if mode == "input":
        say(id=asked["id"], result={"resultType": "input_required", "requestState": token})
        return
    names = ["TOKEN", "OTHER", "ANY", "SET"]
    note("seen", json.dumps({name: os.environ[name] for name in names if name in os.environ}))
    text = f"no to {token}"
    if mode == "knows":
        with open(os.path.join(folder, "old"), encoding="utf-8") as old:
            text += f", it was {old.read()}"
    result = {"content": [{"type": "text", "text": text}, {"type": "image", "data": token}]}
    if mode == "new":
        result["resultType"] = "complete"
    say(id=asked["id"], result={**result, "isError": "refused" in token})


def new_era(asked):
    about = asked.get("params", {}).get("_meta", {})
    if about.get("io.modelcontextprotocol/protocolVersion") != "2026-07-28":
        say(id=asked["id"], error={"code": -32602, "message": token})
    elif asked["method"] == "server/discover":
        say(id=asked["id"], result={"supportedVersions": ["2026-07-28"], "capabilities": {}, "resultType": "complete"})
    else:
        {"tools/list": tools, "tools/call": call}[asked["method"]](asked)


note("pids", str(os.getpid()))
print("the token is", token, file=sys.stderr, flush=True)
if mode == "chatty":
    print((token + "\n") * 100_000, file=sys.stderr, flush=True)
    sys.exit(3)
if mode == "exit":
    sys.exit(3)
if mode == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
if mode in ("daemon", "daemon-exit"):
    daemon()
if mode == "daemon-exit":
    sys.exit(5)
if mode == "banner":
    line("\ufeffServer running with " + token)
    line(json.dumps({"level": "info", "token": token}))
    line("")
if mode == "silent":
    forever()
if mode == "closes":
    os.close(1)
    forever()
if mode == "floods":
    while True:
        line(token * 1000)
if mode == "long":
    sys.stdout.write("[" * (11 << 20))
    sys.stdout.flush()
    forever()
if mode == "stays":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
elif mode in ("ends-if-asked", "waits"):
    signal.signal(signal.SIGTERM, asked_to_end)

for text in sys.stdin:
    asked = json.loads(text)
    if "id" not in asked or "method" not in asked:
        continue
    if mode == "garbage":
        line("{" + token)
    elif mode == "new":
        new_era(asked)
    elif asked["method"] == "initialize":
        hello(asked)
    elif asked["method"] == "tools/list":
        tools(asked)
    elif asked["method"] == "tools/call":
        call(asked)
    else:
        say(id=asked["id"], error={"code": -32601, "message": token})

if mode in ("stays", "daemon", "ends-if-asked"):
    forever()
