"""Tries what the sandbox forbids and what it must allow, writes down what came of each, and prints the password."""

import ctypes
import json
import mmap
import os
import socket
import stat

home = os.environ["HOME"]
state = home + "/.local/state/xmppd"
libc = ctypes.CDLL(None, use_errno=True)
outcomes = {}


def act(name, do):
    try:
        outcomes[name] = "done" if do() is not False else "refused"
    except Exception as error:
        outcomes[name] = f"{type(error).__name__}: {error}"


def call(word, *arguments):
    if getattr(libc, word)(*arguments) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def write(path):
    with open(path, "w") as file:
        file.write("x")


def read(path):
    with open(path, "rb") as file:
        return len(file.read()) > 0


def executable_and_writable():
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC).close()


def setuid_file():
    write(state + "/program")
    os.chmod(state + "/program", 0o4755)
    return bool(os.stat(state + "/program").st_mode & stat.S_ISUID)


def connect(path):
    with socket.socket(socket.AF_UNIX) as other:
        other.connect(path)


act("write ~/.bashrc", lambda: write(home + "/.bashrc"))
act("write the configuration", lambda: write(home + "/.config/xmppd/config.toml"))
act("write /etc", lambda: write("/etc/xmppd-test"))
act("read ~/.ssh", lambda: read(home + "/.ssh/id"))
act("trace another process", lambda: call("ptrace", 16, os.getppid(), None, None))
act("mount", lambda: call("mount", b"none", b"/mnt", b"tmpfs", 0, None))
act("a new user namespace", lambda: call("unshare", 0x10000000))
act("a new mount namespace", lambda: call("unshare", 0x00020000))
act("memory both writable and executable", executable_and_writable)
act("a raw socket", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1).close())
act("a packet socket", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close())
act("a netlink socket", lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close())
act("load a kernel", lambda: call("syscall", 246, 0, 0, None, 0))
act("make a setuid file", setuid_file)
act("real-time priority", lambda: os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1)))
act("make a device", lambda: os.mknod(state + "/device", 0o600 | stat.S_IFBLK, os.makedev(7, 0)))
act("see the host's /tmp", lambda: any(name.startswith("xmppd-tests.") for name in os.listdir("/tmp")))
act("set the clock", lambda: call("settimeofday", (ctypes.c_long * 2)(1, 0), None))

act("open the kernel's log", lambda: os.close(os.open("/dev/kmsg", os.O_RDONLY)))
act("change the kernel's settings", lambda: write("/proc/sys/kernel/core_pattern"))

act("needed: lock a key of gpg", lambda: write(home + "/.gnupg/lock"))
act("needed: write the state", lambda: write(state + "/needed"))
act("needed: the runtime folder", lambda: write(os.environ["XDG_RUNTIME_DIR"] + "/xmppd/needed"))
act("needed: the session bus", lambda: connect(os.environ["XDG_RUNTIME_DIR"] + "/bus"))
act("needed: names", lambda: len(socket.getaddrinfo("localhost", 5222)) > 0)
act("needed: the system's trust anchors", lambda: read("/etc/ssl/certs/ca-certificates.crt"))
act("needed: the resolver's settings", lambda: read("/etc/resolv.conf") or True)
act("needed: /tmp of its own", lambda: write("/tmp/needed"))

for leftover in ("needed", "program"):
    if os.path.exists(state + "/" + leftover):
        os.remove(state + "/" + leftover)
write(state + "/acts.json")
with open(state + "/acts.json", "w") as file:
    json.dump(outcomes, file)
print(open(home + "/romeo.password").read(), end="")
