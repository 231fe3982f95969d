"""Interleaved rounds: each measures everything once, in a new random order, so what a neighbour takes
from the machine for longer than a run it takes from all. What is compared are runs of one round."""
import random

import ratios
import unlike


class Rounds:
    """The runs of each subject, by name, a run per round."""

    def __init__(self, count, seed=1):
        self.count, self.runs = count, {}
        self._shuffle = random.Random(seed)

    def run(self, measures, progress=None):
        """measures: name → function that measures once. A subject that fails in a round takes no
        further part, and the error is returned by its name."""
        failed = {}
        self.runs = {name: [] for name in measures}
        for number in range(self.count):
            names = [name for name in measures if name not in failed]
            for name in self._shuffle.sample(names, len(names)):
                if progress:
                    progress(number + 1, self.count, name)
                try:
                    self.runs[name].append(measures[name]())
                except OSError as error:
                    failed[name] = str(error)
                    del self.runs[name]
        return failed

    def values(self, name, of):
        return [of(run) for run in self.runs[name]]

    def median(self, name, of):
        return ratios.median(self.values(name, of))

    def unlike(self, besides=()):
        """One line of what makes these runs incomparable, besides what is compared; "" if nothing does."""
        return unlike.line({name: [run.facts for run in runs] for name, runs in self.runs.items()},
                           besides)

    def ratio(self, name, other, of):
        """(median, low, high) of the paired ratios."""
        return ratios.paired(self.values(name, of), self.values(other, of))
