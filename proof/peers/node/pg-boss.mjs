// pg-boss. Jobs that are done are kept for its default retention.
import { PgBoss } from 'pg-boss';
import pg from 'pg';

export class Peer {
  constructor(url, handle, concurrency) {
    this.url = url.replace('jdbc:', '');
    this.handle = handle;
    this.concurrency = concurrency;
  }

  async install() {
    await this.boss.createQueue('orders', { notify: true, heartbeatSeconds: 10 });
  }

  async start(working) {
    this.boss = new PgBoss({
      connectionString: this.url,
      max: 20,
      supervise: working,
      superviseIntervalSeconds: 1,
      monitorIntervalSeconds: 1,
      schedule: false,
      useListenNotify: true,
    });
    this.boss.on('error', (failed) => console.error(failed.message));
    await this.boss.start();
    if (!working) return;
    const options = {
      batchSize: this.concurrency || 1_000,
      pollingIntervalSeconds: 0.5,
      burstWhenBatchFull: true,
    };
    await this.boss.work('orders', options, (jobs) => Promise.all(jobs.map((job) => this.handle(job.data))));
  }

  enqueue(data) {
    return this.boss.send('orders', data);
  }

  enqueueAll(orders) {
    return this.boss.insert('orders', orders.map((data) => ({ data })));
  }

  async unfinished() {
    this.pool ??= new pg.Pool({ connectionString: this.url, max: 1 });
    const found = await this.pool.query("select count(*)::int as n from pgboss.job where state < 'completed'");
    return found.rows[0].n;
  }
}
