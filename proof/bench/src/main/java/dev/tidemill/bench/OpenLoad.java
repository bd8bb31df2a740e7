package dev.tidemill.bench;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/**
 * An open load: requests at fixed times, dealt to many kept-alive connections in turn, whether or not former ones were
 * answered. A request's latency counts from the time it was meant to be sent, so a server that stalls is charged for
 * all that waited meanwhile. See Gil Tene, "How NOT to Measure Latency", on what closed loops leave out.
 */
final class OpenLoad implements AutoCloseable {
    private static final int OPENING_AT_ONCE = 100;

    private final int port;
    private final @Nullable Wire[] wires;
    private final Map<String, LongAdder> failures = new ConcurrentHashMap<>();

    /** A request and the name under which its latency is told. */
    @SuppressWarnings("ArrayRecordComponent") // A carrier, never compared.
    record Asked(String route, byte[] bytes) {}

    /**
     * What came of a load.
     *
     * @param failed requests without an answer of status 2xx
     * @param failures how many of them, by route and what came instead: a status, or 0 for a connection that broke
     */
    record Outcome(Micros all, Map<String, Micros> routes, long failed, Map<String, Long> failures, double perSecond) {
        double p95() {
            return all.percentiles().getOrDefault("p95", 0.0);
        }
    }

    /** Opens so many connections, a hundred at a time. */
    OpenLoad(int port, int connections) {
        this.port = port;
        this.wires = new Wire[connections];
        Semaphore opening = new Semaphore(OPENING_AT_ONCE);
        each(connection -> {
            opening.acquireUninterruptibly();
            try {
                wires[connection] = new Wire(port);
            } catch (IOException refused) {
                throw new IllegalStateException("Connection " + connection + " was refused.", refused);
            } finally {
                opening.release();
            }
        });
    }

    private interface Part {
        void run(int connection);
    }

    /** Runs a part for each connection, in a virtual thread each, and waits for all of them. */
    private void each(Part part) {
        List<Thread> threads = new ArrayList<>();
        AtomicLong broken = new AtomicLong();
        for (int i = 0; i < wires.length; i++) {
            int connection = i;
            threads.add(Thread.ofVirtual()
                    .uncaughtExceptionHandler((thread, failure) -> broken.incrementAndGet())
                    .start(() -> part.run(connection)));
        }
        for (Thread thread : threads) {
            try {
                thread.join();
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("Interrupted while the load ran.", interrupted);
            }
        }
        if (broken.get() > 0) {
            throw new IllegalStateException(broken + " connections could not be opened: is the limit of open files"
                    + " (ulimit -n) above twice the number of connections?");
        }
    }

    /** Asks so often for so long; what is sent in the warm-up before that does not count. */
    Outcome run(double perSecond, Duration warmUp, Duration length, LongFunction<Asked> requests) {
        long warm = (long) (perSecond * warmUp.toMillis() / 1_000);
        long total = warm + (long) (perSecond * length.toMillis() / 1_000);
        Micros all = new Micros();
        Map<String, Micros> routes = new LinkedHashMap<>();
        for (long i = 0; i < 16; i++) {
            routes.computeIfAbsent(requests.apply(i).route(), route -> new Micros());
        }
        failures.clear();
        long start = System.nanoTime() + 100_000_000;
        AtomicLong last = new AtomicLong(start);
        each(connection -> {
            for (long i = connection; i < total; i += wires.length) {
                Asked asked = requests.apply(i);
                long due = start + (long) (i * 1e9 / perSecond);
                Load.awaitNanoTime(due);
                int status = ask(connection, asked.bytes());
                long end = System.nanoTime();
                if (i >= warm) {
                    if (status < 200 || status >= 300) {
                        failures.computeIfAbsent(asked.route() + " " + status, route -> new LongAdder())
                                .increment();
                    }
                    long micros = (end - due) / 1_000;
                    all.add(micros);
                    Micros route = routes.get(asked.route());
                    if (route != null) {
                        route.add(micros);
                    }
                    last.accumulateAndGet(end, Math::max);
                }
            }
        });
        double seconds = (last.get() - start) / 1e9 - warmUp.toMillis() / 1e3;
        Map<String, Long> failed = new TreeMap<>();
        failures.forEach((what, count) -> failed.put(what, count.sum()));
        return new Outcome(
                all, routes, failed.values().stream().mapToLong(Long::longValue).sum(), failed, all.count() / seconds);
    }

    /** The status; 0 if the connection broke, which the next request opens anew. */
    private int ask(int connection, byte[] request) {
        try {
            Wire wire = wires[connection];
            if (wire == null) {
                wire = new Wire(port);
                wires[connection] = wire;
            }
            return wire.ask(request);
        } catch (IOException broken) {
            Wire wire = wires[connection];
            if (wire != null) {
                wire.close();
                wires[connection] = null;
            }
            return 0;
        }
    }

    @Override
    public void close() {
        for (Wire wire : wires) {
            if (wire != null) {
                wire.close();
            }
        }
    }
}
