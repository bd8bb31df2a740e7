// A process in which one job system on Node works or enqueues: node main.mjs NAME ROLE NUMBERS. It says what it did in
// the lines that PeerProcess.java describes, and ends when its input does.
import { createInterface } from 'node:readline';

const WARM_UP_SECONDS = 4;
const BULK = 10_000;
const CLIENTS = 8;

const [name, role, ...numbers] = process.argv.slice(2);
const count = Number(numbers[0] ?? 0);
const { Peer } = await import(`./${name}.mjs`);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const say = (line) => process.stdout.write(line + '\n');
const nextLine = () => lines.next();
const now = () => Math.round((performance.timeOrigin + performance.now()) * 1000);
const nanosSince = (start) => (process.hrtime.bigint() - start).toString();
const sleep = (millis) => new Promise((done) => setTimeout(done, millis));

// 200 bytes of JSON, as Order.java.
function order(orderId, sentMicros = 0) {
  const made = { sentMicros, orderId, customer: `customer-${orderId}`, email: `c${orderId}@example.com`, note: '' };
  made.note = 'n'.repeat(Math.max(0, 200 - JSON.stringify(made).length));
  return made;
}

async function started(handle, concurrency, working = true) {
  const peer = new Peer(process.env.TIDEMILL_BENCH_URL, handle, concurrency);
  await peer.start(working);
  return peer;
}

async function sender() {
  const peer = await started(async () => {}, 0, false);
  await peer.install();
  return peer;
}

async function clients(peer, total) {
  let left = total;
  const client = async () => {
    while (--left >= 0) await peer.enqueue(order(left));
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
}

// Never faster to catch up.
async function paced(perSecond, total, send) {
  for (let i = -WARM_UP_SECONDS * perSecond; i < total; i++) {
    const next = performance.now() + 1000 / perSecond;
    await send(i);
    await sleep(Math.max(0, next - performance.now()));
  }
}

const roles = {
  async bulk() {
    const peer = await sender();
    const start = process.hrtime.bigint();
    for (let from = 0; from < count; from += BULK) {
      const size = Math.min(BULK, count - from);
      await peer.enqueueAll(Array.from({ length: size }, (_, i) => order(from + i)));
    }
    say(`took ${nanosSince(start)}`);
  },
  async clients() {
    const peer = await sender();
    await clients(peer, Math.floor(count / 10));
    const start = process.hrtime.bigint();
    await clients(peer, count);
    say(`took ${nanosSince(start)}`);
  },
  async drain() {
    let left = count;
    let handled;
    const all = new Promise((done) => (handled = done));
    say('ready');
    await nextLine();
    const start = process.hrtime.bigint();
    const peer = await started(async () => {
      if (--left === 0) handled();
    }, 0);
    await all;
    while ((await peer.unfinished()) > 0) await sleep(2);
    say(`done ${nanosSince(start)}`);
    await nextLine();
  },
  async pickup() {
    await sender();
    const peer = await started(async (job) => {
      if (job.orderId >= 0) say(`wait ${now() - job.sentMicros}`);
    }, 0);
    await paced(Number(numbers[1]), count, (id) => peer.enqueue(order(id, now())));
    await nextLine();
  },
  async hold() {
    await started((job) => {
      say(`started ${job.orderId}`);
      return new Promise(() => {});
    }, count);
    await nextLine();
  },
  async slow() {
    await started(async (job) => {
      await sleep(Number(numbers[1]));
      say(`ended ${job.orderId}`);
    }, count);
    await nextLine();
  },
  async first() {
    let ran = false;
    await started(async () => {
      if (!ran) say('ran');
      ran = true;
    }, 0);
    await nextLine();
  },
};

await roles[role]();
process.exit(0);
