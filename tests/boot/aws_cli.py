"""The AWS CLI, loaded once: to load it takes longer than most of what it is asked for.

    python aws_cli.py serve SOCKET AWS   runs the program AWS, loaded already, for each who calls
    python aws_cli.py call SOCKET WORD…  calls it: with this process's folder, environment and files

This runs under the Python of the CLI, which is not that of the tests.
"""

import json
import os
import runpy
import signal
import socket
import sys
import threading


def serve(path: str, program: str) -> None:
    import awscli.clidriver
    import awscli.handlers  # noqa: F401

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for who is served
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen(16)
        print("ready", flush=True)
        while True:
            caller = listening.accept()[0]
            if os.fork() == 0:
                listening.close()
                os._exit(_serve(caller, program))
            caller.close()


def _serve(caller: socket.socket, program: str) -> int:
    told, files, _, _ = socket.recv_fds(caller, 1 << 20, 3)
    words, folder, environment = json.loads(told)
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(folder)
    own = {"AWS_DATA_PATH": os.environ.get("AWS_DATA_PATH", "")}  # the CLI has set it for itself
    os.environ.clear()
    os.environ.update({**own, **environment})
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    threading.Thread(target=_end_with, args=(caller,), daemon=True).start()
    sys.argv = [program, *words]
    try:
        runpy.run_path(program, run_name="__main__")
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    sys.stdout.flush()
    sys.stderr.flush()
    caller.sendall(bytes([code & 255]))
    return 0


def _end_with(caller: socket.socket) -> None:
    """Who is killed while it waits has nobody work for it any longer."""
    caller.recv(1)
    os._exit(1)


def call(path: str, *words: str) -> int:
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(path)
        told = json.dumps([words, os.getcwd(), dict(os.environ)]).encode()
        socket.send_fds(server, [told], [0, 1, 2])
        code = server.recv(1)
        return code[0] if code else 1


if __name__ == "__main__":
    sys.exit(call(*sys.argv[2:]) if sys.argv[1] == "call" else serve(*sys.argv[2:]))
