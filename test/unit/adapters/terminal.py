# Runs a command on a pseudo-terminal and plays one side of a conversation; the steps come as JSON on stdin:
# ["expect", text], ["send", text], ["signal", number]; it is 77 columns wide. Prints what the terminal showed as JSON.

import fcntl, json, os, pty, select, struct, sys, termios, time

steps = json.load(sys.stdin)
pid, terminal = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 77, 0, 0))
    os.execv(sys.argv[1], sys.argv[1:])

def mode():
    return termios.tcgetattr(terminal)[:4]

before = mode()
shown = b""
seen = 0
deadline = time.monotonic() + 20

def read():
    global shown
    if time.monotonic() > deadline:
        os.kill(pid, 9)
        sys.exit("the terminal shows only %r" % shown)
    if not select.select([terminal], [], [], 0.1)[0]:
        return True
    try:
        part = os.read(terminal, 65536)
    except OSError:
        return False
    shown += part
    return part != b""

for kind, value in steps:
    if kind == "expect":
        while (at := shown.find(value.encode(), seen)) < 0:
            if not read():
                sys.exit("ended with %r" % shown)
        seen = at + len(value.encode())
    elif kind == "send":
        os.write(terminal, value.encode())
    elif kind == "signal":
        os.kill(pid, value)
after = mode()
while read():
    pass
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
print(json.dumps({"shown": shown.decode(), "status": status, "restored": before == after}))
