import { createServer, type IncomingMessage } from "node:http";
import { Webhook, WebhookVerificationError } from "standardwebhooks";

interface Job {
  id: number;
  attempt: number;
  kind: string;
  payload: unknown;
}

const webhook = new Webhook(process.env.TIDEMILL_SECRET ?? "");
const done = new Map<string, string>();
const LIMIT = 2 << 20;

async function read(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > LIMIT) {
      throw new Error("the body is too large");
    }
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

async function handle(job: Job): Promise<object> {
  switch (job.kind) {
    case "tidemill.test":
      return { ready: true };
    case "SendReceipt": {
      const { order } = job.payload as { order: number };
      return { receipt: `R-${order}` };
    }
    default:
      throw new Error(`no handler for ${job.kind}`);
  }
}

const server = createServer((request, response) => {
  void (async () => {
    const answer = (status: number, body: object): void => {
      response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
    };
    try {
      const body = await read(request);
      const headers = request.headers as Record<string, string>;
      // Checks the signature, and that the message is not older than five minutes.
      const job = webhook.verify(body, headers) as Job;
      // The id is the same for each attempt: whoever keeps it with the effect has the effect once.
      const id = headers["webhook-id"] ?? "";
      const before = done.get(id);
      const result = before ?? JSON.stringify(await handle(job));
      done.set(id, result);
      answer(200, JSON.parse(result) as object);
    } catch (error) {
      const status = error instanceof WebhookVerificationError ? 401 : 500;
      answer(status, { error: error instanceof Error ? error.message : String(error) });
    }
  })();
});

server.listen(Number(process.env.PORT ?? "3000"), "127.0.0.1", () => {
  const address = server.address();
  console.log(JSON.stringify({ port: typeof address === "object" && address !== null ? address.port : 0 }));
});
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => server.close());
}
