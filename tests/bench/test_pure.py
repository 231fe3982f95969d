"""What computes: each benchmark ends well, and prints what it should."""
import micro

NAMES = {
    "histogram_record", "histogram_add", "histogram_subtract", "histogram_percentile",
    "schedule/arrivals:constant/ramp_s:0", "schedule/arrivals:constant/ramp_s:1",
    "schedule/arrivals:poisson/ramp_s:0", "schedule/arrivals:poisson/ramp_s:1",
    "parse_duration", "parse_rate", "parse_address", "parse_sources", "parse_target",
    "options_server", "options_load",
    "render_text", "render_json", "render_csv", "render_live_frame", "render_help",
}


def test_each_benchmark_ends_well():
    run = micro.Run(micro.program("BENCH_PURE"))
    assert (0, NAMES) == (run.code, set(run.records)), run.printed
    assert [None] * len(NAMES) == run.errors
    for record in run.records.values():
        assert record["iterations"] > 0 and record["real_time"] > 0


def test_renderers_report_how_much_they_write():
    run = micro.Run(micro.program("BENCH_PURE"), "--benchmark_filter=^render_")
    for name, record in run.records.items():
        assert 500 < record["bytes"] < 100_000, name


def test_options_that_are_not_known_are_refused():
    run = micro.Run(micro.program("BENCH_PURE"), "--benchmark_speed=high")
    assert run.code == 2
    assert "--benchmark_speed=high" in run.printed


def test_a_filter_that_matches_nothing_is_refused():
    assert micro.Run(micro.program("BENCH_PURE"), "--benchmark_filter=nothing").code == 2
