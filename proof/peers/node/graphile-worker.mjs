// Graphile Worker with the settings of its page on performance. Jobs that are done are deleted.
import { Logger, makeWorkerUtils, run } from 'graphile-worker';
import pg from 'pg';

const quiet = new Logger(() => (level, message) => {
  if (level === 'error') console.error(message);
});

export class Peer {
  constructor(url, handle, concurrency) {
    this.connectionString = url.replace('jdbc:', '');
    this.handle = handle;
    this.concurrency = concurrency;
  }

  async install() {
    await this.utils.migrate();
  }

  async start(working) {
    this.utils = await makeWorkerUtils({ connectionString: this.connectionString, maxPoolSize: 10, logger: quiet });
    if (!working) return;
    const many = this.concurrency > 0;
    await run({
      preset: {
        worker: {
          connectionString: this.connectionString,
          maxPoolSize: 25,
          concurrentJobs: many ? this.concurrency : 24,
          ...(many ? {} : { localQueue: { size: 500 } }),
          completeJobBatchDelay: 0,
          failJobBatchDelay: 0,
        },
      },
      logger: quiet,
      noHandleSignals: true,
      taskList: { order: (payload) => this.handle(payload) },
    });
  }

  enqueue(order) {
    return this.utils.addJob('order', order);
  }

  enqueueAll(orders) {
    return this.utils.addJobs(orders.map((payload) => ({ identifier: 'order', payload })));
  }

  async unfinished() {
    this.pool ??= new pg.Pool({ connectionString: this.connectionString, max: 1 });
    const found = await this.pool.query('select count(*)::int as n from graphile_worker._private_jobs');
    return found.rows[0].n;
  }
}
