"""Answers are counted as Prometheus' own counter and histogram would count them."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram

from cheonggu.web.metrics import Answers

BOUNDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
ANSWERS = st.lists(
    st.tuples(
        st.sampled_from(["billSend", "billRead"]),
        st.sampled_from(["0000", "BILL_001", "LIMIT_001"]),
        st.one_of(st.sampled_from(BOUNDS), st.floats(0, 60)),
    )
)


def samples(registry: CollectorRegistry) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for metric in registry.collect()
        for sample in metric.samples
        if not sample.name.endswith("_created")
    }


@given(ANSWERS)
@example([])
@example([("billSend", "0000", 0.002), ("billSend", "BILL_001", 0.0020001), ("billSend", "0000", 31)])
def test_answers_are_counted_as_by_the_library(answers: list[tuple[str, str, float]]) -> None:
    theirs, ours, mine = CollectorRegistry(), CollectorRegistry(), Answers()
    ours.register(mine)
    counter = Counter("cheonggu_api_answers", "-", ["operation", "code"], registry=theirs)
    histogram = Histogram("cheonggu_api_seconds", "-", ["operation"], buckets=BOUNDS, registry=theirs)
    for operation, code, seconds in answers:
        mine.count(operation, code, seconds)
        counter.labels(operation, code).inc()
        histogram.labels(operation).observe(seconds)

    told, expected = samples(ours), samples(theirs)
    assert told.keys() == expected.keys()
    for name, value in expected.items():
        assert abs(told[name] - value) < 1e-9 * (1 + value)
