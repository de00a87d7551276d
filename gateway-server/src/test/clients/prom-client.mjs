// prom-client with its Pushgateway class, without grouping and with it. Run by scripts/interop.
import assert from 'node:assert/strict';
import client from 'prom-client';

const gateway = process.argv[2];
const registry = new client.Registry();
client.collectDefaultMetrics({ register: registry });
const orders = new client.Counter({ name: 'orders_total', help: 'Orders "and"\nmore', labelNames: ['plan'], registers: [registry] });
orders.inc({ plan: 'a"b\\c\nd é' }, 2);
const queue = new client.Gauge({ name: 'queue', help: 'Queue', registers: [registry] });
queue.set(-3);
const latency = new client.Histogram({ name: 'latency_seconds', help: 'Latency', labelNames: ['path'], buckets: [0.5, 2], registers: [registry] });
latency.observe({ path: '/' }, 0.25);
latency.observe({ path: '/' }, 1);
const size = new client.Summary({ name: 'size_bytes', help: 'Size', percentiles: [0.5, 0.99], registers: [registry] });
size.observe(10);

const pushes = new client.Pushgateway(gateway, { requireJobName: false }, registry);
await pushes.pushAdd({});
await pushes.pushAdd({});

const lines = async () => (await (await fetch(`${gateway}/metrics`)).text()).split('\n');
let scrape = await lines();
for (const line of [
    'orders_total{plan="a\\"b\\\\c\\nd é"} 4',
    'queue -6',
    'latency_seconds_bucket{path="/",le="0.5"} 2',
    'latency_seconds_bucket{path="/",le="+Inf"} 4',
    'latency_seconds_sum{path="/"} 2.5',
    'latency_seconds_count{path="/"} 4',
    'size_bytes_sum 20',
    'size_bytes_count 2',
    '# TYPE nodejs_version_info gauge',
    '# HELP orders_total Orders "and"\\nmore',
]) {
    assert.ok(scrape.includes(line), `${line} is missing in\n${scrape.join('\n')}`);
}
assert.ok(!scrape.some(line => line.includes('quantile')), 'quantiles are dropped');

await pushes.push({});
scrape = await lines();
assert.ok(scrape.includes('orders_total{plan="a\\"b\\\\c\\nd é"} 2'), 'push() is a PUT, and sets');
assert.ok(scrape.includes('latency_seconds_count{path="/"} 2'));

// groups, as its Pushgateway class sends them
const small = new client.Registry();
const first = new client.Gauge({ name: 'grouped_a', help: 'a', registers: [small] });
const second = new client.Gauge({ name: 'grouped_b', help: 'b', registers: [small] });
first.set(1);
second.set(2);
const grouped = new client.Pushgateway(gateway, { timeout: 60_000 }, small);
const key = { jobName: 'node/job', groupings: { instance: 'a/b c', zone: 'z' } };
const group = async () => (await lines()).filter(line => line.startsWith('grouped_')).sort();
const labels = '{instance="a/b c",job="node/job",zone="z"}';
await grouped.push(key);
assert.deepEqual(await group(), [`grouped_a${labels} 1`, `grouped_b${labels} 2`]);
small.removeSingleMetric('grouped_a');
await grouped.pushAdd(key);
assert.deepEqual(await group(), [`grouped_a${labels} 1`, `grouped_b${labels} 4`], 'pushAdd() is a POST, and adds');
await grouped.push(key);
assert.deepEqual(await group(), [`grouped_b${labels} 2`], 'push() replaces the group');
await grouped.delete(key);
assert.deepEqual(await group(), []);
