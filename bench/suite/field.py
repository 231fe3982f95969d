"""The responders of a run, all started at once, each probed before it is measured."""
import contextlib
import os
import pathlib
import tempfile

import cgroup
import meter
import probe
import responders

FIRST_PORT = 2001
PERIOD_US = 80000  # of a shared Machine's quota


class Field:
    """Use it as a context: what it started is stopped at its end."""

    def __init__(self, options, chosen, workers=1, greeting=b"hello\n", quota_us=None):
        self.options, self.chosen, self.workers = options, chosen, workers
        self.greeting, self.quota_us = greeting, quota_us
        self.running, self.expected, self.faults, self.missing = [], {}, {}, {}
        self._ends = contextlib.ExitStack()

    def __enter__(self):
        with contextlib.ExitStack() as ends:
            top = pathlib.Path(ends.enter_context(tempfile.TemporaryDirectory(prefix="bench.")))
            for number, responder in enumerate(self.chosen):
                try:
                    self._start(responder, number, top, ends)
                except OSError as error:
                    self.missing[responder.name] = str(error)
            self._ends = ends.pop_all()
        return self

    def __exit__(self, *_):
        self._ends.close()

    def _start(self, responder, number, top, ends):
        folder = top / str(number)
        folder.mkdir()
        setup = responders.Setup(responder.build or self.options.build, folder,
                                 FIRST_PORT + number, self.workers, self.greeting)
        group = cgroup.make(f"bench-{os.getpid()}-{number}")
        ends.callback(cgroup.remove, group)
        one = responders.Running(responder, setup, self.options.responder_cpus, group)
        ends.callback(one.stop)
        self.expected[one.name] = probe.expected_answer(one.address, responder.request,
                                                        self.greeting)
        if not responder.request:  # others ask their clients to talk
            fault = probe.faults(one.address, one.stopped(), self.greeting)
            if fault:
                self.faults[one.name] = fault
        group.limit(self.quota_us, PERIOD_US)
        self.running.append(one)

    def __iter__(self):
        return iter(self.running)

    def measure(self, one, load):
        """One run of a responder of this field."""
        return meter.measure(self.options.build / "src/hello-load", self.options.generator_cpus, one,
                             self.expected[one.name], load)

    def measure_afresh(self, one, load):
        """The same, of a responder that was just started: where its memory happens to lie makes a
        difference of up to 10 % for as long as it runs."""
        one.stop()
        one.group.limit(None, PERIOD_US)
        one.start()
        one.group.limit(self.quota_us, PERIOD_US)
        return self.measure(one, load)

    def limit(self, quota_us):
        self.quota_us = quota_us
        for one in self.running:
            one.group.limit(quota_us, PERIOD_US)
