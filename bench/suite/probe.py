"""What a responder does to clients that have spoken by the time it greets them."""
import contextlib
import dataclasses
import socket
import time

TIMEOUT_S = 10
TALK = b"talk talk\n"


@dataclasses.dataclass
class Answer:
    data: bytes
    end: str  # "EOF", "reset" or "timeout"


def read_to_end(sock):
    data = b""
    try:
        while part := sock.recv(1 << 16):
            data += part
    except ConnectionError:
        return Answer(data, "reset")
    except TimeoutError:
        return Answer(data, "timeout")
    return Answer(data, "EOF")


def ask(address, request):
    with socket.create_connection(address, timeout=TIMEOUT_S) as sock:
        if request:
            sock.sendall(request)
        return read_to_end(sock)


def expected_answer(address, request, greeting=b"hello\n"):
    """What the responder says to a client that asks what it wants to be asked, or an OSError."""
    answer = ask(address, request)
    if answer.end != "EOF" or not answer.data.endswith(greeting):
        raise OSError(f"the responder answered {answer.data!r}, then {answer.end}")
    return answer.data


def faults(address, stopped, greeting=b"hello\n", clients=100):
    """What is wrong with how it treats clients that have spoken, in words; None if nothing is.
    The responder is held by the context `stopped` until all of them have."""
    with contextlib.ExitStack() as ends:
        with stopped:
            talkers = [ends.enter_context(socket.create_connection(address, timeout=TIMEOUT_S))
                       for _ in range(clients)]
            for talker in talkers:
                talker.sendall(TALK)
        answers = []
        deadline = time.monotonic() + TIMEOUT_S
        for talker in talkers:
            talker.settimeout(max(0.1, deadline - time.monotonic()))
            answers.append(read_to_end(talker))
            talker.close()
    lost = sum(answer.data != greeting for answer in answers)
    resets = sum(answer.end == "reset" for answer in answers)
    parts = []
    if lost:
        parts.append(f"loses the greeting of {lost} in {clients} talkative clients")
    if resets:
        parts.append(f"resets {resets} in {clients} talkative clients")
    return "; ".join(parts) or None
