"""What each shell offers for a command line, asked of the real shells with the files that the build made."""
import os
import pathlib
import pty
import select
import shlex
import subprocess
import time

BUILD = pathlib.Path(os.environ["HELLO_BUILD"]) / "completions"
DEADLINE_S = 60

# Reports when zsh reads a line, and what it would add. What compadd gets with -O, -A or -D is for its caller.
ZSH = r"""
PROMPT=
fpath=({folder} $fpath)
autoload -Uz compinit
compinit -u -D
compadd() {{
    local -a found
    if [[ ${{@[1,(i)(-|--)]}} != *-(O|A|D)* ]]; then
        builtin compadd -A found "$@"
        print -rl -- "${{(@)found/#/match }}" >{pipe}
    fi
    builtin compadd "$@"
}}
capture() {{ _main_complete; print "=end" >{pipe} }}
zle -C capture complete-word capture
bindkey '^I' capture
ready() {{ print "=ready" >{pipe} }}
zle -N zle-line-init ready
"""


def files_of(shell):
    return sorted((BUILD / shell).iterdir())


def environment(home):
    return {"PATH": os.environ["PATH"], "HOME": str(home), "LC_ALL": "C.UTF-8", "TERM": "xterm"}


def by_bash(words, folder):
    """The last word is the one to complete. As readline does it, "=" separates words."""
    parts = [part for word in words for part in split_at_equals(word)] or [""]
    name = words[0].replace("-", "_")
    script = (f"source {shlex.quote(str(BUILD / 'bash' / words[0]))}\n"
              f"COMP_WORDS=({shlex.join(parts)})\nCOMP_CWORD={len(parts) - 1}\n"
              f"_{name}\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"")
    done = subprocess.run(["bash", "--norc", "-c", script], cwd=folder, env=environment(folder), check=True,
                          capture_output=True, text=True, timeout=DEADLINE_S)
    assert done.stderr == ""
    return [line for line in done.stdout.splitlines() if line]


def split_at_equals(word):
    head, equals, tail = word.partition("=")
    return [head, equals, *([tail] if tail else [])] if equals and head.startswith("--") else [word]


def by_fish(words, folder):
    line = " ".join(words)
    done = subprocess.run(
        ["fish", "--no-config", "-c", 'source $argv[1]; complete -C "$argv[2]"', BUILD / f"fish/{words[0]}.fish", line],
        cwd=folder, env=environment(folder), check=True, capture_output=True, text=True, timeout=DEADLINE_S)
    assert done.stderr == ""
    # fish gives whole words, so "--close=swift": what comes before the value is no part of the answer.
    head = words[-1].partition("=")[0] + "=" if "=" in words[-1] else ""
    return [line.partition("\t")[0].removeprefix(head) for line in done.stdout.splitlines()]


def by_zsh(words, folder):
    pipe = folder / ".pipe"
    driver = folder / ".driver"
    os.mkfifo(pipe)
    driver.write_text(ZSH.format(folder=shlex.quote(str(BUILD / "zsh")), pipe=shlex.quote(str(pipe))))
    master, slave = pty.openpty()
    shell = subprocess.Popen(["zsh", "-f", "-i"], cwd=folder, env=environment(folder), stdin=slave, stdout=slave,
                             stderr=slave, start_new_session=True)
    os.close(slave)
    reader = os.open(pipe, os.O_RDWR)  # for writing too: so it never ends
    try:
        os.write(master, f"source {driver}\n".encode())
        read_until(reader, master, b"=ready\n")
        os.write(master, " ".join(words).encode() + b"\t")
        said = read_until(reader, master, b"=end\n").decode().splitlines()
    finally:
        shell.kill()
        shell.wait()
        os.close(reader)
        os.close(master)
        pipe.unlink()
    return [line.removeprefix("match ") for line in said if line.startswith("match ") and line != "match "]


def read_until(reader, terminal, end):
    """What comes from the pipe up to `end`; what the terminal gets is read too, or the shell would stop."""
    said = b""
    deadline_s = time.monotonic() + DEADLINE_S
    while not said.endswith(end):
        left_s = deadline_s - time.monotonic()
        assert left_s > 0, said
        ready, _, _ = select.select([reader, terminal], [], [], left_s)
        if reader in ready:
            said += os.read(reader, 65536)
        if terminal in ready:
            os.read(terminal, 65536)
    return said


BY = {"bash": by_bash, "zsh": by_zsh, "fish": by_fish}
