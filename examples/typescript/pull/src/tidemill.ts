/** A job in this worker's hands. */
export interface Job {
  id: number;
  attempt: number;
  token: string;
  kind: string;
  payload: unknown;
  tags: Record<string, string>;
  failures: number;
}

/** What a handler throws to say more than that it failed. */
export class JobFailure extends Error {
  constructor(
    message: string,
    readonly category: "RETRY" | "PERMANENT" | "RATE_LIMITED" | "DEPENDENCY_DOWN",
    readonly after?: string,
  ) {
    super(message);
  }
}

export interface Options {
  /** Where a server is: http://127.0.0.1:8080 */
  url: string;
  /** An API key or token; left out where the server is open. */
  key?: string;
  /** This worker's name, for people. */
  name: string;
  /** How many jobs at a time. */
  concurrency?: number;
  /** After how much silence a job is given to another worker. */
  leaseSeconds?: number;
}

/** Returns the result to keep. `signal` is aborted when the attempt is no longer this worker's. */
export type Handler = (job: Job, signal: AbortSignal) => Promise<unknown>;

/** Asks a server for jobs of some kinds, and runs them until it is told to stop. */
export class Worker {
  private readonly stopping = new AbortController();
  private readonly running = new Set<Promise<void>>();

  constructor(
    private readonly options: Options,
    private readonly handlers: Record<string, Handler>,
  ) {}

  /** Claims and runs jobs; resolves once it was stopped and what it had is through. */
  async run(): Promise<void> {
    const concurrency = this.options.concurrency ?? 5;
    while (!this.stopping.signal.aborted) {
      try {
        const answer = await this.post<{ server?: string; jobs: Job[] }>(
          this.options.url,
          "/api/v1/work/claim",
          {
            worker: this.options.name,
            kinds: Object.keys(this.handlers),
            max: Math.min(100, concurrency - this.running.size),
            wait: "PT20S",
            lease: `PT${this.lease()}S`,
          },
          this.stopping.signal,
        );
        for (const job of answer.jobs) {
          // Behind a balancer, a word belongs to the server that handed the job out.
          const work = this.work(job, answer.server ?? this.options.url);
          this.running.add(work);
          void work.finally(() => this.running.delete(work));
        }
      } catch (error) {
        if (!this.stopping.signal.aborted) {
          console.error("claiming failed, trying again:", String(error));
          await new Promise((resolve) => setTimeout(resolve, 1_000));
        }
      }
      while (this.running.size >= concurrency) {
        await Promise.race(this.running);
      }
    }
    await Promise.all(this.running);
  }

  /** Claims nothing more. */
  stop(): void {
    this.stopping.abort();
  }

  private lease(): number {
    return this.options.leaseSeconds ?? 30;
  }

  private async work(job: Job, server: string): Promise<void> {
    const named = { attempt: job.attempt, token: job.token };
    const path = `/api/v1/work/${job.id}`;
    const lost = new AbortController();
    const beats = setInterval(
      () => {
        this.post<{ go_on: boolean }>(server, `${path}/heartbeat`, named)
          .then((beat) => beat.go_on || lost.abort())
          .catch((error: unknown) => console.error("no heartbeat:", String(error)));
      },
      (this.lease() * 1_000) / 3,
    );
    try {
      const handler = this.handlers[job.kind];
      if (handler === undefined) {
        await this.post(server, `${path}/release`, named);
        return;
      }
      let end: [string, object];
      try {
        end = ["finish", { result: (await handler(job, lost.signal)) ?? null }];
      } catch (error) {
        const failure = error instanceof JobFailure ? error : undefined;
        end = [
          "fail",
          {
            message: error instanceof Error ? (error.stack ?? error.message) : String(error),
            category: failure?.category ?? "RETRY",
            ...(failure?.after === undefined ? {} : { after: failure.after }),
          },
        ];
      }
      if (!lost.signal.aborted) {
        await this.say(server, `${path}/${end[0]}`, { ...named, ...end[1] });
      }
    } catch (error) {
      console.error(`job ${job.id}:`, String(error));
    } finally {
      clearInterval(beats);
    }
  }

  /** Says it again while the server does not answer, as long as the lease may still hold: repeating is harmless. */
  private async say(server: string, path: string, body: object): Promise<void> {
    const end = Date.now() + this.lease() * 1_000;
    for (;;) {
      try {
        await this.post(server, path, body);
        return;
      } catch (error) {
        if (error instanceof Refused || Date.now() > end) {
          throw error;
        }
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    }
  }

  private async post<T>(server: string, path: string, body: object, signal?: AbortSignal): Promise<T> {
    const response = await fetch(server + path, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        ...(this.options.key === undefined ? {} : { Authorization: `Bearer ${this.options.key}` }),
      },
      body: JSON.stringify(body),
      ...(signal === undefined ? {} : { signal }),
    });
    const text = await response.text();
    if (response.status >= 400 && response.status < 500) {
      throw new Refused(`${path} was refused with ${response.status}: ${text}`);
    }
    if (!response.ok) {
      throw new Error(`${path} answered ${response.status}: ${text}`);
    }
    return (text === "" ? undefined : JSON.parse(text)) as T;
  }
}

class Refused extends Error {}
