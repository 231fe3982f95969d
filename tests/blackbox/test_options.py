"""What can be asked of hello-server, on the command line and in the environment, and what not."""
import ctypes
import os
import re
import resource
import subprocess

import pytest

from clients import GREETING, IPV4, visit
from kernel import listening_ports
from programs import (
    DEADLINE_S, environment, run, server_config, server_config_and_sources, server_path, totals,
    wait_until,
)

PR_CAPBSET_DROP, CAP_SYS_RESOURCE = 24, 24  # prctl(2), capabilities(7)
CLONE_NEWNS = 0x20000  # unshare(2)
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 32, 4096, 16384, 1 << 18  # mount(2)

LONG_OPTIONS = (
    "listen greeting greeting-file engine workers close linger-timeout max-connections backlog"
    " shutdown-timeout cpu-kind tune print-config quiet verbose help version"
).split()


def hello_server(*args, **options):
    return run(server_path(), *args, **options)


def complaint(*args, code, **options):
    """The one line with which hello-server ends."""
    result = hello_server(*args, **options)
    assert result.returncode == code, result
    assert result.stdout == ""
    assert re.fullmatch(r"hello-server: [^\n]+\n", result.stderr), result.stderr
    return result.stderr


def variable(option, prefix="HELLO_SERVER_"):
    return prefix + option.upper().replace("-", "_")


# What is asked for


def test_help_names_every_option_and_its_environment_variable():
    result = hello_server("--help")
    assert (result.returncode, result.stderr) == (0, "")
    for option in LONG_OPTIONS:
        assert f"--{option}" in result.stdout
    for option in LONG_OPTIONS[:10]:
        assert "$" + variable(option) in result.stdout
    assert "1848" in result.stdout and "2s" in result.stdout and "5s" in result.stdout
    assert hello_server("-h").stdout == result.stdout


def test_help_is_to_be_had_whatever_else_is_wrong():
    assert hello_server("--help", env={"HELLO_WORKERS": "0"}).returncode == 0


def test_version_is_one_line():
    result = hello_server("-V")
    assert (result.returncode, result.stderr) == (0, "")
    assert re.fullmatch(r"hello-server \d+\.\d+\.\d+[^\n]*\n", result.stdout)
    assert hello_server("--version").stdout == result.stdout


@pytest.mark.parametrize("program, option", [
    ("HELLO_SERVER", "--help"), ("HELLO_SERVER", "--version"), ("HELLO_SERVER", "--print-config"),
    ("HELLO_LOAD", "--help"), ("HELLO_LOAD", "--version"),
])
def test_what_cannot_be_printed_is_reported(program, option):
    with open("/dev/full", "wb") as full:
        process = subprocess.run(
            [os.environ[program], option], env=environment(), stdin=subprocess.DEVNULL, stdout=full,
            stderr=subprocess.PIPE, text=True, timeout=DEADLINE_S,
        )
    assert process.returncode == 1
    assert re.fullmatch(r"hello-[^\n]*No space left[^\n]*\n", process.stderr), process.stderr


def test_print_config_has_the_defaults_and_the_platform():
    settings = server_config()
    assert settings["listen"].startswith("[::]")
    assert settings["port"] == "1848"
    assert settings["greeting"] == r"hello\n"
    assert settings["close"] == "linger"
    assert settings["linger-timeout"] == "2s"
    assert settings["shutdown-timeout"] == "5s"
    assert len(settings) > len(LONG_OPTIONS), "platform facts are missing"


def test_verbose_prints_the_settings_at_start_beside_the_start_line(server):
    assert any("linger-timeout=2s" in line for line in server("-v").stderr())


def test_quiet_leaves_nothing_but_errors():
    assert "--workers" in complaint("--quiet", "--workers", "0", code=2)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    before = set(listening_ports())  # a server of the test before may not be gone yet
    with subprocess.Popen([server_path(), "-q", "0"], env=environment(), **pipes) as process:
        # It does not print when it listens, so ask the kernel; no other process listens in this namespace.
        wait_until(lambda: set(listening_ports()) - before, "the quiet server to listen")
        process.terminate()
        assert process.communicate(timeout=10) == (b"", b"")
        assert process.returncode == 0


# Where a setting comes from


def test_print_config_says_where_each_setting_and_fact_came_from():
    settings = server_config_and_sources(
        "--close", "swift",
        env={"HELLO_GREETING": "hi", "HELLO_SERVER_BACKLOG": "9", "HELLO_BACKLOG": "8",
             "FLY_REGION": "iad"})
    assert settings["close"] == ("swift", "command line")
    assert settings["greeting"] == ("hi", "$HELLO_GREETING")
    assert settings["backlog"] == ("9", "$HELLO_SERVER_BACKLOG")
    assert settings["linger-timeout"] == ("2s", "default")
    assert settings["workers"][1] in ("auto: platform.cpus", "auto: platform.cpu_quota")
    assert settings["max-connections"][1].startswith("auto: ")
    assert settings["platform.region"] == ("iad", "$FLY_REGION")
    assert int(settings["platform.memory_bytes"][0]) > 0
    assert server_config_and_sources("-w", 1)["workers"] == ("1", "command line")


def test_what_it_runs_on_can_be_said():
    settings = server_config_and_sources(env={"HELLO_SERVER_CPU_KIND": "shared"})
    assert settings["cpu-kind"] == ("shared", "$HELLO_SERVER_CPU_KIND")
    assert settings["platform.cpu_kind"] == ("shared", "cpu-kind, see above")
    fly = server_config_and_sources(env={"FLY_MACHINE_ID": "1", "FLY_VM_MEMORY_MB": "256"})
    assert fly["platform.name"] == ("fly", "$FLY_MACHINE_ID")
    assert fly["platform.machine_id"] == ("1", "$FLY_MACHINE_ID")


# What it raises, in this network namespace


def somaxconn():
    with open("/proc/sys/net/core/somaxconn", encoding="ascii") as setting:
        return int(setting.read())


@pytest.fixture
def low_somaxconn():
    path, before = "/proc/sys/net/core/somaxconn", somaxconn()
    with open(path, "w", encoding="ascii") as setting:
        setting.write("128")
    yield
    with open(path, "w", encoding="ascii") as setting:
        setting.write(str(before))


def test_tune_raises_what_limits_it_and_the_backlog_follows(server, low_somaxconn):
    one = server("--tune", "-v")
    lines = one.stderr()
    assert any(re.fullmatch(r"hello-server: tune: net\.core\.somaxconn 128 -> \d+", line)
               for line in lines), lines
    assert somaxconn() > 128
    assert f"backlog={somaxconn()}  # auto: platform.somaxconn" in lines


def test_without_tune_or_only_to_print_nothing_is_raised(server, low_somaxconn):
    server()
    result = hello_server("--print-config", "--tune")
    assert result.returncode == 0 and "somaxconn 128 -> " in result.stderr
    assert "(not done by --print-config)" in result.stderr
    assert somaxconn() == 128


def test_tune_without_the_right_to_goes_on_and_says_so(server, low_somaxconn):
    if os.geteuid() != 0:
        pytest.skip("nobody else can become nobody")

    def become_nobody():
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)

    one = server("--tune", before=become_nobody)
    assert any("tune: cannot raise net.core.somaxconn from 128 to " in line and
               "Permission denied" in line for line in one.stderr()), one.stderr()
    assert somaxconn() == 128
    assert one.stop(warnings=None) == totals()


def without_capabilities(*numbers):
    """A preexec_fn: root, but without these, as in a container. And the limits to be raised are low."""

    def drop():
        resource.setrlimit(resource.RLIMIT_NOFILE, (1000, 1000))
        for number in numbers:
            assert ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, number, 0, 0, 0) == 0

    return drop


def tune_lines(before):
    one = run(server_path(), "--tune", "-w", 1, "-l", "192.0.2.1", "0", before=before)
    return [line for line in one.stderr.splitlines() if " tune: " in line]


def test_tune_without_a_capability_names_it(low_somaxconn):
    if os.geteuid() != 0:
        pytest.skip("only root can try to raise limits")
    def become_nobody():
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)

    (line,) = [line for line in tune_lines(become_nobody) if "somaxconn" in line]
    assert "Permission denied; that needs CAP_NET_ADMIN, which this process does not have" in line
    (line,) = [line for line in tune_lines(without_capabilities(CAP_SYS_RESOURCE)) if "descriptors" in line]
    assert "cannot raise descriptors from 1000 to " in line
    assert "Operation not permitted; that needs CAP_SYS_RESOURCE, which this process does not have" in line
    assert "as root" not in line


def test_tune_where_sysctls_are_read_only_says_where_to_set_them(low_somaxconn):
    if os.geteuid() != 0:
        pytest.skip("only root can mount")

    def read_only():
        """As Docker does. In a mount namespace of its own."""
        library = ctypes.CDLL(None, use_errno=True)
        assert library.unshare(CLONE_NEWNS) == 0
        assert library.mount(None, b"/", None, MS_REC | MS_PRIVATE, None) == 0
        assert library.mount(b"/proc/sys", b"/proc/sys", None, MS_BIND, None) == 0
        assert library.mount(None, b"/proc/sys", None, MS_REMOUNT | MS_BIND | MS_RDONLY, None) == 0

    (line,) = [line for line in tune_lines(read_only) if "somaxconn" in line]
    assert "Read-only file system; /proc/sys is read-only here" in line
    assert "docker run --sysctl" in line


SETTINGS = [  # option, a value, how it is printed
    ("listen", "127.0.0.1", "127.0.0.1:1848"),
    ("greeting", r"hi\x21\r\n", r"hi!\r\n"),
    ("greet-after", r"\r\n\r\n", r"\r\n\r\n"),
    ("answer", "http", "http"),
    ("content-type", "text/html; charset=utf-8", "text/html; charset=utf-8"),
    ("request-timeout", "1.5s", "1500ms"),
    ("engine", "epoll", "epoll"),
    ("workers", "3", "3"),
    ("close", "swift", "swift"),
    ("linger-timeout", "1.5s", "1500ms"),
    ("linger-timeout", "2m", "2m"),
    ("max-connections", "10k", "10000"),
    ("backlog", "0.5k", "500"),
    ("shutdown-timeout", "250ms", "250ms"),
]


# What must be given as well, so that it has an effect.
BESIDE = {"content-type": ["--answer", "http"], "request-timeout": ["--answer", "http"]}


@pytest.mark.parametrize("option, value, printed", SETTINGS)
def test_an_option_is_taken_from_the_command_line(option, value, printed):
    assert server_config(f"--{option}", value, *BESIDE.get(option, ()))[option] == printed
    assert server_config(f"--{option}={value}", *BESIDE.get(option, ()))[option] == printed


@pytest.mark.parametrize("option, value, printed", SETTINGS)
def test_an_option_is_taken_from_the_environment(option, value, printed):
    beside = BESIDE.get(option, ())
    assert server_config(*beside, env={variable(option): value})[option] == printed
    if option != "close":  # which hello-load has too, and takes other values for
        assert server_config(*beside, env={variable(option, "HELLO_"): value})[option] == printed


@pytest.mark.parametrize("option, value, printed", SETTINGS)
def test_the_command_line_beats_the_environment(option, value, printed):
    name = variable(option)
    other = {"listen": "[::1]", "engine": "uring", "close": "linger"}.get(option, "1ms")
    other = "7" if option in ("workers", "max-connections", "backlog") else other
    assert server_config(f"--{option}", value, *BESIDE.get(option, ()), env={name: other})[option] == printed


def test_the_port_is_taken_from_the_argument_then_from_PORT_then_is_1848():
    assert server_config()["port"] == "1848"
    assert server_config(env={"PORT": "2000"})["port"] == "2000"
    assert server_config("3000", env={"PORT": "2000"})["port"] == "3000"


def test_short_options_mean_the_same():
    short = server_config("-l", "[::1]", "-g", "x", "-e", "epoll", "-w", "2", "4000")
    long = server_config(
        "--listen=[::1]", "--greeting=x", "--engine=epoll", "--workers=2", "4000"
    )
    assert short == long


def test_the_descriptor_limit_is_raised_to_its_hard_limit():
    def lower_the_soft_limit():
        resource.setrlimit(resource.RLIMIT_NOFILE, (100, 1000))

    limit = int(server_config(before=lower_the_soft_limit)["max-connections"])
    assert 800 <= limit < 1000


def test_a_greeting_on_the_command_line_beats_a_greeting_file_in_the_environment(server):
    one = server("--greeting", "mine", env={"HELLO_GREETING_FILE": "/no/such/file"})
    assert visit(one.address(IPV4)) == b"mine"


def test_print_config_says_that_the_greeting_is_from_a_file(tmp_path):
    path = tmp_path / "greeting"
    path.write_bytes(b"moin\n")
    settings = server_config_and_sources("--greeting-file", path, env={"HELLO_GREETING": "other"})
    assert settings["greeting"] == (r"moin\n", "greeting-file")
    assert settings["greeting-file"] == (str(path), "command line")
    settings = server_config_and_sources(env={"HELLO_SERVER_GREETING_FILE": str(path)})
    assert settings["greeting"] == (r"moin\n", "greeting-file")
    assert settings["greeting-file"] == (str(path), "$HELLO_SERVER_GREETING_FILE")
    settings = server_config_and_sources("--greeting", "x", env={"HELLO_SERVER_GREETING_FILE": str(path)})
    assert (settings["greeting"], settings["greeting-file"]) == (("x", "command line"), ("", "default"))


def test_an_empty_variable_does_not_stop_it(server):
    """PORT= and the like come from templates in which nothing was filled in."""
    result = hello_server("--print-config", env={"HELLO_WORKERS": ""})
    assert result.returncode in (0, 2)  # either is sensible; a crash is not
    if result.returncode == 2:
        assert "HELLO_WORKERS" in result.stderr and result.stderr.count("\n") == 1


# What is refused


WRONG = [  # arguments, what the complaint must name
    (["70000"], "70000"),
    (["-1"], "-1"),
    (["http"], "http"),
    (["1848x"], "1848x"),
    (["1848", "1849"], "1849"),
    (["--workers", "0"], "0"),
    (["--workers", "many"], "many"),
    (["--workers", "-2"], "-2"),
    (["--workers", "100000000000000000000"], "100000000000000000000"),
    (["--workers"], "--workers"),
    (["--engine", "kqueue"], "kqueue"),
    (["--close", "gently"], "gently"),
    (["--linger-timeout", "2"], "2"),
    (["--linger-timeout", "2 s"], "2 s"),
    (["--linger-timeout", "-2s"], "-2s"),
    (["--linger-timeout", "2sec"], "2sec"),
    (["--linger-timeout", "300000000000h"], "300000000000h"),
    (["--shutdown-timeout", "soon"], "soon"),
    (["--max-connections", "0"], "0"),
    (["--max-connections", "10K"], "10K"),
    (["--workers", "4", "--max-connections", "2"], "2"),
    (["--backlog", "-5"], "-5"),
    (["--listen", "name.invalid"], "name.invalid"),
    (["--listen", "127.0.0.256"], "127.0.0.256"),
    (["--listen", "[::1"], "[::1"),
    (["--listen", "1.2.3.4.5"], "1.2.3.4.5"),
    (["--listen", "127.0.0.1:70000"], "127.0.0.1:70000"),
    (["--listen", "127.0.0.1:5000", "6000"], "6000"),
    (["--greeting", r"a\q"], r"\q"),
    (["--greeting", r"a\x"], r"\x"),
    (["--greeting", r"a\x4"], r"\x4"),
    (["--greeting", "x", "--greeting-file", "y"], "y"),
    (["--greting", "x"], "--greting"),
    (["-z"], "z"),
    (["--print-config=yes"], "print-config"),
]


@pytest.mark.parametrize("args, named", WRONG, ids=[" ".join(args) for args, _ in WRONG])
def test_wrong_usage_is_refused_in_one_line_that_names_the_value(args, named):
    assert named in complaint(*args, code=2)


def test_a_misspelt_option_is_answered_with_the_right_one():
    assert "--greeting" in complaint("--greting", "x", code=2)


def test_wrong_usage_says_what_would_be_right():
    assert "65535" in complaint("70000", code=2)
    assert "auto" in complaint("--workers", "0", code=2)
    assert "uring" in complaint("--engine", "kqueue", code=2)
    assert re.search(r"\b(unit|ms)\b", complaint("--linger-timeout", "2", code=2))


@pytest.mark.parametrize(
    "name, value",
    [("PORT", "70000"), ("PORT", "http"), ("HELLO_SERVER_PORT", "70000"), ("HELLO_WORKERS", "0"),
     ("HELLO_SERVER_WORKERS", "0"), ("HELLO_LINGER_TIMEOUT", "2"), ("HELLO_ENGINE", "kqueue"),
     ("HELLO_SERVER_CLOSE", "rst"), ("HELLO_SERVER_LISTEN", "name.invalid"),
     ("HELLO_GREETING", r"\q")],
)
def test_a_wrong_value_in_the_environment_is_refused_by_its_variable(name, value):
    line = complaint(code=2, env={name: value})
    assert name in line and value in line


@pytest.mark.parametrize("variables, line", [
    ({"HELLO_SERVER_HANDOVER": "x" * 108},
     f"HELLO_SERVER_HANDOVER='{'x' * 92}...' is not a path of 1 to 107 bytes, as a Unix socket needs it; "
     "try /run/hello-server.sock"),
    ({"HELLO_CONTENT_TYPE": "text"},
     "HELLO_CONTENT_TYPE='text': must be a media type such as text/plain, in ASCII, of up to 320 characters"),
    ({"HELLO_SERVER_CPUS": "few"}, "HELLO_SERVER_CPUS='few': must be auto, none, or a list such as 0,2-5"),
    ({"HELLO_SERVER_LISTEN": "127.0.0.1:5", "HELLO_SERVER_PORT": "6"},
     "HELLO_SERVER_PORT='6' contradicts port 5 of HELLO_SERVER_LISTEN; give one of them"),
    ({"HELLO_SERVER_WORKERS": "3", "HELLO_MAX_CONNECTIONS": "2"},
     "HELLO_SERVER_WORKERS='3' is more than HELLO_MAX_CONNECTIONS='2'; each worker needs at least one"),
    ({"HELLO_SERVER_GREETING": "x", "HELLO_SERVER_GREETING_FILE": "y"},
     "both a greeting and HELLO_SERVER_GREETING_FILE='y' are given; give one of them"),
    ({"HELLO_SERVER_ANSWER": "http", "HELLO_SERVER_CLOSE": "swift"},
     "HELLO_SERVER_CLOSE='swift' cannot go with HELLO_SERVER_ANSWER='http': what a client sends after its request would "
     "cost it the answer; use --close linger"),
    ({"HELLO_SERVER_ANSWER": "http", "HELLO_GREET_AFTER": "x"},
     "HELLO_SERVER_ANSWER='http' waits for the head of a request, and HELLO_GREET_AFTER for a text; give one of them"),
])
def test_values_of_variables_that_do_not_fit_are_refused_by_their_variables(variables, line):
    assert complaint(code=2, env=variables) == f"hello-server: {line}\n"


def test_a_greeting_file_that_a_variable_names_and_that_cannot_be_read_is_refused_by_the_variable():
    assert complaint(code=1, env={"HELLO_SERVER_GREETING_FILE": "/nope"}) == (
        "hello-server: HELLO_SERVER_GREETING_FILE='/nope': cannot read file '/nope': No such file or directory; name a "
        "readable file\n")


def test_a_greeting_text_over_64_KiB_is_refused_briefly():
    assert len(complaint("--greeting", "x" * 65537, code=2)) < 1000


def test_the_start_is_what_a_client_sees(server):
    """The least that must work: no options at all but a free port."""
    assert visit(server().address(IPV4)) == GREETING
