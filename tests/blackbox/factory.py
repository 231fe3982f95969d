"""For fixtures: a test starts as many of something as it wants, and all of them are ended after it."""


def each(start, end):
    """Yields a function like start. What it started is given to end in the end."""
    started = []

    def start_one(*args, **options):
        started.append(start(*args, **options))
        return started[-1]

    yield start_one
    for one in started:
        end(one)
