package dev.tidemill.postgres;

import dev.tidemill.jobs.Tidemill;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.postgresql.ds.PGSimpleDataSource;

/** A process with a handler that takes it down: the poisonous kind ends the JVM as a crash does. */
final class PoisonWorker {
    record Poison(int number) {}

    record Harmless(int number) {}

    record Grouped(int number, boolean poisonous) {}

    private PoisonWorker() {}

    public static void main(String[] arguments) throws InterruptedException {
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setUrl(arguments[0]);
        source.setUser(arguments[1]);
        source.setPassword(arguments[2]);
        Tidemill mill = Tidemill.on(source)
                .schema(arguments[3])
                .queue("default", queue -> queue.concurrency(10))
                .handle(Poison.class, (job, run) -> Runtime.getRuntime().halt(137))
                .handle(Harmless.class, (job, run) -> TimeUnit.MILLISECONDS.sleep(20))
                .handleChunks(
                        Grouped.class,
                        chunk -> {
                            if (chunk.jobs().stream().anyMatch(Grouped::poisonous)) {
                                Runtime.getRuntime().halt(137);
                            }
                        },
                        options -> options.chunk(10, Duration.ofMillis(100)))
                .start();
        System.out.println("ready " + mill.ready());
        new CountDownLatch(1).await();
    }
}
