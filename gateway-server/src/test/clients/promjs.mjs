// The example of the source system's README: promjs, its text as one JSON string. promjs begins every histogram with an
// empty series without labels. Run by scripts/interop.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

const promjs = createRequire(import.meta.url)('promjs');
const prom = promjs.default ?? promjs;
const gateway = process.argv[2];

const registry = prom();
const counter = registry.create('counter', 'my_counter', 'A counter for things');
counter.inc({ user: 'user1', plan: 'pro' });
counter.add(3, { user: 'user2', plan: 'free' });
const gauge = registry.create('gauge', 'my_gauge', 'A gauge');
gauge.set(2.5, { unit: 'm' });
const histogram = registry.create('histogram', 'my_histogram', 'A histogram', [0.1, 1, 10]);
histogram.observe(0.05, { path: '/' });
histogram.observe(5, { path: '/' });

for (const body of [JSON.stringify(registry.metrics()), registry.metrics()]) {
    const answer = await fetch(`${gateway}/metrics`, { method: 'POST', body });
    assert.equal(`${answer.status} ${await answer.text()}`, '200 ok');
}
for (let i = 0; i < 2; i++) {
    const answer = await fetch(`${gateway}/metrics/worker_request?country=CZ&anotherLabel=value`, { method: 'PATCH' });
    assert.equal(await answer.text(), 'ok');
}

const scrape = await (await fetch(`${gateway}/metrics`)).text();
assert.equal(scrape, `# HELP my_counter A counter for things
# TYPE my_counter counter
my_counter{plan="pro",user="user1"} 2
my_counter{plan="free",user="user2"} 6
# HELP my_gauge A gauge
# TYPE my_gauge gauge
my_gauge{unit="m"} 5
# HELP my_histogram A histogram
# TYPE my_histogram histogram
my_histogram_bucket{le="0.1"} 0
my_histogram_bucket{le="1"} 0
my_histogram_bucket{le="10"} 0
my_histogram_bucket{le="+Inf"} 0
my_histogram_sum 0
my_histogram_count 0
my_histogram_bucket{path="/",le="0.1"} 2
my_histogram_bucket{path="/",le="1"} 2
my_histogram_bucket{path="/",le="10"} 4
my_histogram_bucket{path="/",le="+Inf"} 4
my_histogram_sum{path="/"} 10.1
my_histogram_count{path="/"} 4
# TYPE worker_request counter
worker_request{anotherLabel="value",country="CZ"} 2
`);
