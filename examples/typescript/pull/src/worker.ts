import { JobFailure, Worker } from "./tidemill.js";

const worker = new Worker(
  {
    url: process.env.TIDEMILL_URL ?? "http://127.0.0.1:8080",
    name: `typescript-${process.pid}`,
    leaseSeconds: Number(process.env.LEASE_SECONDS ?? "30"),
    ...(process.env.TIDEMILL_KEY === undefined ? {} : { key: process.env.TIDEMILL_KEY }),
  },
  {
    ResizeImage: async (job) => {
      const { width, factor } = job.payload as { width: number; factor: number };
      if (width <= 0) {
        throw new JobFailure(`an image of width ${width} cannot be resized`, "PERMANENT");
      }
      return { width: width * factor };
    },
    // Something that takes longer than its lease, which heartbeats keep.
    RenderFilm: async (job, signal) => {
      const { seconds } = job.payload as { seconds: number };
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(resolve, seconds * 1_000);
        signal.addEventListener("abort", () => {
          clearTimeout(timer);
          reject(new Error("the job was taken away"));
        });
      });
      return { rendered: true };
    },
  },
);

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => worker.stop());
}
await worker.run();
