package dev.tidemill.postgres;

import dev.tidemill.jobs.HeapStats;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.Tidemill;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * A process whose handlers may together hold twice the heap it has. They keep what they hold until the guard has begun
 * to hold once; from then on each for a moment. Says {@code done} when all jobs are through.
 */
final class HoardingWorker {
    private static final int GRADUALLY = 500;
    private static final int IN_ALL = 560;
    private static final int EACH_BYTES = 200_000;

    private final AtomicInteger started = new AtomicInteger();
    private final CountDownLatch through = new CountDownLatch(IN_ALL);
    private final AtomicBoolean heldOnce = new AtomicBoolean();
    private final CountDownLatch never = new CountDownLatch(1);

    private HoardingWorker() {}

    /** Address, user, schema, and the share of the heap from which the guard holds. */
    public static void main(String... arguments) throws Exception {
        new HoardingWorker().run(arguments[0], arguments[1], arguments[2], Double.parseDouble(arguments[3]));
    }

    private void run(String url, String user, String schema, double share) throws Exception {
        PGSimpleDataSource dataSource = new PGSimpleDataSource();
        dataSource.setUrl(url);
        dataSource.setUser(user);
        dataSource.setPassword(System.getenv("HOARD_PASSWORD"));
        try (Tidemill mill = Tidemill.on(dataSource)
                .schema(schema)
                .heapGuard(share)
                .queue("default", options -> options.concurrency(GRADUALLY))
                .handleJson("hoard", (payload, run) -> hold())
                .start()) {
            int fed = 0;
            while (fed < GRADUALLY && !holding(mill)) {
                fed++;
                mill.enqueue(new JobRequest("hoard", "1"));
                do {
                    TimeUnit.MILLISECONDS.sleep(4);
                } while (started.get() < fed && !holding(mill));
            }
            while (!holding(mill)) {
                TimeUnit.MILLISECONDS.sleep(1);
            }
            mill.enqueueAll(Collections.nCopies(IN_ALL - fed, new JobRequest("hoard", "1")));
            through.await();
            System.out.println("done " + mill.heap().orElseThrow());
        }
    }

    private boolean holding(Tidemill mill) {
        if (!heldOnce.get() && mill.heap().map(HeapStats::held).orElse(0L) > 0) {
            heldOnce.set(true);
        }
        return heldOnce.get();
    }

    private void hold() throws InterruptedException {
        List<byte[]> mine = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            mine.add(new byte[EACH_BYTES / 10]);
        }
        started.incrementAndGet();
        while (!heldOnce.get()) {
            if (never.await(5, TimeUnit.MILLISECONDS)) {
                return;
            }
        }
        if (!never.await(100, TimeUnit.MILLISECONDS) && mine.size() == 10) {
            through.countDown();
        }
    }
}
