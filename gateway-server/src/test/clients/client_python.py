"""prometheus_client with its default collectors, generate_latest and a plain POST, and its push functions. Run by scripts/interop."""
import gzip
import sys
import urllib.request

from prometheus_client import REGISTRY, Counter, Enum, Gauge, Histogram, Info, Summary, generate_latest

gateway = sys.argv[1]


def call(method, body=None, **headers):
    request = urllib.request.Request(gateway + "/metrics", body, headers, method=method)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return answer.read().decode()


Counter("py_orders", "Orders", ["plan"]).labels('a"b\\c\nd \u00e9\U0001f600').inc(2)
Gauge("py_queue", "Queue").set(-3)
Histogram("py_latency_seconds", "Latency", buckets=(0.5, 2)).observe(1)
Summary("py_size_bytes", "Size").observe(10)
Info("py_build", "Build").info({"version": "1.2"})
Enum("py_state", "State", states=["up", "down"]).state("up")

page = generate_latest(REGISTRY)
assert call("POST", page) == "ok"
assert call("POST", gzip.compress(page), **{"Content-Encoding": "gzip"}) == "ok"

scrape = call("GET").split("\n")
for line in [
    'py_orders_total{plan="a\\"b\\\\c\\nd \u00e9\U0001f600"} 4',
    "py_queue -6",
    'py_latency_seconds_bucket{le="0.5"} 0',
    'py_latency_seconds_bucket{le="2"} 2',
    'py_latency_seconds_bucket{le="+Inf"} 2',
    "py_latency_seconds_sum 2",
    "py_latency_seconds_count 2",
    "py_size_bytes_sum 20",
    "py_size_bytes_count 2",
    'py_build_info{version="1.2"} 2',
    'py_state{py_state="up"} 2',
]:
    assert line in scrape, line + " is missing in\n" + "\n".join(scrape)

created = [line for line in page.decode().split("\n") if line.startswith("py_queue_created") or line.startswith("py_orders_created")]
assert created, "this version of prometheus_client writes no _created"
for line in created:
    assert float(line.rsplit(" ", 1)[1]) == float(
        next(s for s in scrape if s.startswith(line.rsplit(" ", 1)[0])).rsplit(" ", 1)[1]
    ), "_created is never added up"

# groups, as its own push functions send them

from prometheus_client import CollectorRegistry, delete_from_gateway, push_to_gateway, pushadd_to_gateway  # noqa: E402


def group(*names):
    lines = call("GET").split("\n")
    return sorted(line for line in lines if line.startswith(names) and not line.startswith("push_"))


def registry_of(**values):
    registry = CollectorRegistry()
    for name, value in values.items():
        Gauge(name, name, registry=registry).set(value)
    return registry


key = {"instance": "a/b c", "empty": ""}
push_to_gateway(gateway, "py/job", registry_of(grouped_a=1, grouped_b=2), grouping_key=key)
labels = '{empty="",instance="a/b c",job="py/job"}'
assert group("grouped_") == ["grouped_a" + labels + " 1", "grouped_b" + labels + " 2"], group("grouped_")
pushadd_to_gateway(gateway, "py/job", registry_of(grouped_c=3), grouping_key=key)
assert group("grouped_") == [f"grouped_{n}{labels} {i}" for n, i in (("a", 1), ("b", 2), ("c", 3))], group("grouped_")
push_to_gateway(gateway, "py/job", registry_of(grouped_c=4), grouping_key=key)
assert group("grouped_") == ["grouped_c" + labels + " 4"], group("grouped_")
delete_from_gateway(gateway, "py/job", grouping_key=key)
assert group("grouped_") == [], group("grouped_")
