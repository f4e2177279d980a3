import { readFileSync } from 'node:fs';
import autocannon from 'autocannon';
import type { Count } from './generator.js';

const [url = '', credentials = '', seconds = '', connections = ''] = process.argv.slice(2);
const requests = readFileSync(credentials, 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => {
    const [name = '', ...value] = line.split(': ');
    return { headers: { [name]: value.join(': ') } };
  });

/** Each connection begins elsewhere in the row, so that they do not all send the same at once. */
const stride = Math.floor(requests.length / Number(connections));
let begin = 0;

const result = await autocannon({
  url,
  connections: Number(connections),
  duration: Number(seconds),
  timeout: 60,
  setupClient: (client) => {
    client.setRequests([...requests.slice(begin), ...requests.slice(0, begin)]);
    begin += stride;
  },
});

console.log(
  JSON.stringify({
    requests: result['2xx'],
    seconds: result.duration,
    failures: result.non2xx + result.errors + result.timeouts,
    p50: result.latency.p50,
    p99: result.latency.p99,
  } satisfies Count),
);
