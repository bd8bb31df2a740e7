// BullMQ on Redis. Jobs that are done are kept, as they are by default.
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';

export class Peer {
  constructor(url, handle, concurrency) {
    this.connect = () => new Redis(url, { maxRetriesPerRequest: null });
    this.handle = handle;
    this.concurrency = concurrency || 100;
  }

  async install() {}

  async start(working) {
    this.queue = new Queue('orders', { connection: this.connect() });
    if (!working) return;
    this.worker = new Worker('orders', (job) => this.handle(job.data), {
      connection: this.connect(),
      concurrency: this.concurrency,
      lockDuration: 10_000,
      stalledInterval: 5_000,
    });
    this.worker.on('error', (failed) => console.error(failed.message));
  }

  enqueue(order) {
    return this.queue.add('order', order);
  }

  enqueueAll(orders) {
    return this.queue.addBulk(orders.map((data) => ({ name: 'order', data })));
  }

  unfinished() {
    return this.queue.getJobCountByTypes('waiting', 'active', 'delayed', 'prioritized');
  }
}
