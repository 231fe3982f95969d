# shellcheck shell=bash
# shellcheck disable=SC2034 # what is set here is read by the scripts
# What the scripts share. To be sourced, first thing: it changes to the top of the tree.
set -euo pipefail
SCRIPT=$(realpath "$0")
cd "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/.."
export LC_ALL=C.UTF-8

BUILD_PACKAGES=(gcc libc6-dev cmake ninja-build pkgconf liburing-dev libc-ares-dev libjansson-dev zlib1g-dev)
BENCH_PACKAGES=(libbenchmark-dev g++)
TEST_PACKAGES=("${BUILD_PACKAGES[@]}" "${BENCH_PACKAGES[@]}" libcmocka-dev python3 python3-jsonschema python3-pyte
    python3-matplotlib python3-pytest python3-pytest-rerunfailures python3-pytest-timeout iproute2 netcat-openbsd telnet
    curl nftables patch procps nginx-light libnginx-mod-stream libhdrhistogram-java lowdown man-db mandoc
    zsh fish haproxy caddy apache2-utils wrk nghttp2-client hey chromium-headless-shell prometheus
    python3-yaml)
IMAGE_PACKAGES=("${BUILD_PACKAGES[@]}" busybox-static)
IMAGE_TEST_PACKAGES=(buildah debootstrap git iproute2 binutils python3 python3-pytest python3-pytest-timeout)
PACKAGE_PACKAGES=(debhelper dpkg-dev lintian lowdown mmdebstrap git iproute2 systemd python3 python3-pytest
    python3-pytest-timeout)
VM_PACKAGES=("${BUILD_PACKAGES[@]}" qemu-system-x86 busybox-static cpio kmod xz-utils iproute2 debian-archive-keyring
    python3 python3-pytest python3-pytest-timeout)

say() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
}

die() {
    say "$@"
    exit 1
}

# The comment at the head of the script, which is its --help.
show_help() {
    sed -n '2,/^[^#]/ { /^# shellcheck /d; s/^#\( \|$\)//p }' "$SCRIPT"
}

# quietly LOG COMMAND...: run a command, and show what it printed only if it fails.
quietly() {
    local log=$1
    shift
    mkdir -p "$(dirname "$log")"
    "$@" >"$log" 2>&1 </dev/null && return
    cat "$log" >&2
    say "failed: $*"
    return 1
}

# need_packages PACKAGE...: install the Debian packages of these that are missing.
need_packages() {
    local missing as_root=() install
    if ! command -v dpkg-query >/dev/null; then
        say "not a Debian system, so nothing is installed; needed are what Debian calls: $*"
        return
    fi
    missing=$(comm -23 <(printf '%s\n' "$@" | sort -u) \
        <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null |
            sed -n 's/^installed //p' | sort -u) | tr '\n' ' ')
    missing=${missing% }
    [ -n "$missing" ] || return 0

    install="apt-get install -y --no-install-recommends $missing"
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || die "packages are missing, and there is no sudo; as root, run:
    apt-get update && $install"
        as_root=(sudo)
    fi
    say "installing $missing"
    as_root+=(env DEBIAN_FRONTEND=noninteractive)
    # shellcheck disable=SC2086 # the words of $install are its arguments
    if ! quietly build/packages.log "${as_root[@]}" apt-get update ||
        ! quietly build/packages.log "${as_root[@]}" ${install/ / -o DPkg::Lock::Timeout=300 }; then
        die "cannot install packages; fix what is shown above or, as root, run:
    apt-get update && $install"
    fi
}

# Install the packages of tests/interop in build/node, and Debian's Node.js unless there is one. If
# the packages cannot be had, the tests that need them count as skipped.
need_node_packages() {
    local list=tests/interop/package.json to=build/node
    # npm writes its own list of what is there last.
    if cmp -s "$list" "$to/package.json" && [ -f "$to/node_modules/.package-lock.json" ]; then
        return
    fi
    if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
        need_packages nodejs npm
    fi
    say "installing the packages of $list in $to"
    rm -rf "$to"
    mkdir -p "$to"
    cp "$list" "$to/"
    quietly build/node.log npm install --prefix "$to" --no-package-lock --ignore-scripts --no-audit --no-fund ||
        say "so what needs these packages is skipped; fix what is shown above and run this again"
}

# Java runs libhdrhistogram-java: any that is there, or else Debian's.
need_java() {
    command -v java >/dev/null || need_packages default-jre-headless
}

# build PRESET [CMAKE OPTION...]: configure and build a preset of CMakePresets.json, in build/PRESET.
build() {
    build_as "$1" "$@"
}

# build_as NAME PRESET [CMAKE OPTION...]: the same, in build/NAME.
build_as() {
    local name=$1 preset=$2
    shift 2
    if ! quietly "build/$name-configure.log" cmake --preset "$preset" -B "build/$name" "$@" ||
        ! quietly "build/$name-build.log" cmake --build "build/$name" -- --quiet; then
        die "build/$name cannot be built; fix what is shown above or, if it is about files that are gone,
    build it again from nothing: rm -rf build/$name"
    fi
}

# run_tests NAME [CTEST OPTION...]: the tests in build/NAME, three at a time for each CPU, as most of them wait most
# of the time; of those that do not, one for each CPU (RESOURCE_GROUPS in tests/*/CMakeLists.txt). What became of each
# goes to build/NAME, see tests/outcomes.py. $test_launcher, if set, is what starts ctest.
run_tests() {
    local name=$1 status=0 cpus
    shift
    cpus=$PWD/build/$name/cpus.json
    printf '{"version": {"major": 1, "minor": 0}, "local": [{"cpus": [{"id": "any", "slots": %d}]}]}\n' "$(nproc)" >"$cpus"
    say "what each test prints goes to build/$name/Testing/Temporary/LastTest.log"
    forget_outcomes "$name"
    HELLO_OUTCOMES=$PWD/build/$name/outcomes.jsonl ${test_launcher:-} ctest --test-dir "build/$name" \
        --no-tests=error --output-on-failure --parallel $((3 * $(nproc))) --resource-spec-file "$cpus" --output-junit junit.xml \
        --test-output-size-passed 1000000 "$@" || status=$?
    outcomes "build/$name" || true
    return $status
}

# run_pytest NAME PYTEST ARGUMENT...: tests that need more than a build.
run_pytest() {
    local name=$1 status=0
    shift
    mkdir -p "build/$name"
    forget_outcomes "$name"
    HELLO_OUTCOMES=$PWD/build/$name/outcomes.jsonl PYTHONDONTWRITEBYTECODE=1 ${test_launcher:-} \
        /usr/bin/python3 -m pytest -v -rs --tb=short "$@" || status=$?
    outcomes "build/$name" || true
    return $status
}

# outcomes OPTION... FOLDER...: what became of the tests that ran last in folders of build/.
outcomes() {
    python3 -B tests/outcomes.py "$@"
}

forget_outcomes() {
    rm -f "build/$1/junit.xml" "build/$1/outcomes.jsonl"
}

# start_server COMMAND...: start a responder and wait until it listens. Sets server_pid, server_line
# (what it printed), server_host ([::], 127.0.0.1, ...) and server_port. It is stopped on exit.
start_server() {
    exec {server_output}< <(exec "$@")
    server_pid=$!
    trap 'stop_server || true' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    if ! read -r -t 60 server_line <&"$server_output" ||
        ! [[ $server_line =~ ^hello-server:\ listening\ on\ (.+):([0-9]+)\  ]]; then
        die "the responder did not start to listen${server_line:+ ($server_line)}; run it by hand to see why:
    $*"
    fi
    server_host=${BASH_REMATCH[1]}
    server_port=${BASH_REMATCH[2]}
}

# Stop the responder, if it runs. Sets server_totals to its last line. Fails if the responder did.
stop_server() {
    server_totals=
    [ -n "${server_pid:-}" ] || return 0
    local pid=$server_pid
    server_pid=
    kill -TERM "$pid" 2>/dev/null || true
    read -r -t 60 server_totals <&"$server_output" || true
    exec {server_output}<&-
    wait "$pid"
}

# greeting_from HOST PORT: what a client sees that connects, says nothing and reads to the end.
greeting_from() {
    # shellcheck disable=SC2016 # the inner shell expands these
    timeout 10 bash -c 'exec 3<>"/dev/tcp/$1/$2" && cat <&3' greeting "$1" "$2"
}
