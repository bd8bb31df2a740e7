package dev.tidemill.postgres;

import dev.tidemill.jobs.Breaker;
import dev.tidemill.jobs.Retry;
import dev.tidemill.jobs.Tidemill;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.postgresql.ds.PGSimpleDataSource;

/** A process whose calls fail until its breaker opens, and which is killed by its first probe. */
final class BreakerWorker {
    /** Nothing but a breaker makes the next call wait so long. */
    private static final Duration GAP = Duration.ofMillis(3500);

    private BreakerWorker() {}

    public static void main(String[] arguments) throws InterruptedException {
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setUrl(arguments[0]);
        source.setUser(arguments[1]);
        source.setPassword(arguments[2]);
        AtomicLong lastNanos = new AtomicLong(System.nanoTime() + TimeUnit.HOURS.toNanos(1));
        Tidemill mill = Tidemill.on(source)
                .schema(arguments[3])
                .queue("default", queue -> queue.concurrency(1))
                .breaker(Breaker.of("smtp").failures(3).openFor(Duration.ofSeconds(4), Duration.ofSeconds(4)))
                .handle(
                        BreakersTest.Mail.class,
                        (job, run) -> {
                            long now = System.nanoTime();
                            if (now - lastNanos.getAndSet(now) > GAP.toNanos()) {
                                Runtime.getRuntime().halt(137);
                            }
                            throw Retry.dependencyDown("smtp", "connection refused");
                        },
                        options -> options.dependsOn("smtp"))
                .start();
        System.out.println("ready " + mill.ready());
        new CountDownLatch(1).await();
    }
}
