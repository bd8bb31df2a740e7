package dev.tidemill.server.push;

import dev.tidemill.jobs.Breaker;
import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.RemoteWork.Held;
import dev.tidemill.jobs.RemoteWork.Request;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.server.push.AddressGuard.RefusedAddressException;
import dev.tidemill.server.push.EndpointBook.Edition;
import dev.tidemill.server.push.EndpointBook.Standing;
import dev.tidemill.server.tables.ServerTables;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends jobs to the endpoints that are registered. For each endpoint that is open a thread asks the engine for its kinds, as
 * a remote worker does, and sends what it gets, so many at a time as the endpoint takes; what others change about endpoints
 * is noticed within a second. While there is no endpoint this process hands out nothing and is no node. Thread safe.
 */
public final class Pusher implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Pusher.class);
    private static final long LOOK_NANOS = 1_000_000_000L;
    private static final long SECRETS_NANOS = 5_000_000_000L;
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final Duration ROUND = Duration.ofSeconds(25);
    private static final Duration SHORT = Duration.ofMillis(100);
    private static final int MOST = 100;
    private static final Duration GRACE = Duration.ofSeconds(10);
    /** Beyond the endpoint's time, for this process to write what came of it. */
    private static final Duration MARGIN = Duration.ofSeconds(30);

    private final Tidemill mill;
    private final EndpointBook book;
    private final AddressGuard guard;
    private final Postman postman;
    private final Map<String, Line> lines = new HashMap<>();
    private final Map<String, Semaphore> rooms = new HashMap<>();
    private final AtomicInteger sending = new AtomicInteger();
    private final ReentrantLock looking = new ReentrantLock();
    private final Thread lookout = Thread.ofVirtual().name("tidemill-push").unstarted(this::look);
    private volatile @Nullable Edition edition;
    private long readNanos;
    private volatile boolean stopping;

    /**
     * Creates one that does not work yet.
     *
     * @param seal how secrets are kept
     * @param allowPrivate whether endpoints may be reached in this network, and without TLS
     */
    public Pusher(Tidemill mill, ServerTables tables, SecretSeal seal, boolean allowPrivate) {
        this.mill = mill;
        this.book = new EndpointBook(tables, seal);
        this.guard = new AddressGuard(allowPrivate);
        this.postman = new Postman(guard);
    }

    /** The endpoints. */
    public EndpointBook book() {
        return book;
    }

    /** Makes or changes an endpoint; its new secret if it was made. */
    public Optional<WebhookSecret> put(Endpoint endpoint, @Nullable WebhookSecret given, String by) {
        refuseUnreachable(endpoint);
        makeBreakers(endpoint, by);
        WebhookSecret secret = given == null ? WebhookSecret.random() : given;
        boolean created = book.put(endpoint, secret, by);
        changed();
        return created ? Optional.of(secret) : Optional.empty();
    }

    /** Before the endpoint, so that one that needs more breakers than there may be is refused, and not stored and never sent to. */
    private void makeBreakers(Endpoint endpoint, String by) {
        Set<String> missing = new TreeSet<>(endpoint.dependencies());
        mill.breakers().list().forEach(view -> missing.remove(view.breaker().name()));
        missing.forEach(name -> mill.breakers().put(Breaker.of(name), by));
    }

    /** Where it cannot be found out now, the guard finds out when something is sent. */
    private void refuseUnreachable(Endpoint endpoint) {
        try {
            guard.refuseClearText(endpoint.url());
            guard.resolve(endpoint.url().getHost());
        } catch (RefusedAddressException refused) {
            throw new TidemillException(ErrorCode.INVALID_OPTION, String.valueOf(refused.getMessage()), refused);
        } catch (UnknownHostException unknown) {
            LOG.debug("The host of the endpoint {} is not known yet.", endpoint.name(), unknown);
        }
    }

    /** Looks at once, as the others will within a second. */
    public void changed() {
        LockSupport.unpark(lookout);
    }

    /** Begins to send. */
    public void start() {
        lookout.start();
    }

    /** One endpoint's thread, and what it works by. */
    private record Line(Courier courier, Thread thread) {}

    private void look() {
        boolean said = false;
        while (!stopping) {
            try {
                refresh();
                said = false;
            } catch (RuntimeException failed) {
                if (!said && !stopping) {
                    LOG.warn("Looking for endpoints failed and is tried again: {}", failed.getMessage());
                    said = true;
                }
            }
            LockSupport.parkNanos(this, LOOK_NANOS);
        }
    }

    /** Works by what is in the database now. */
    void refresh() {
        looking.lock();
        try {
            Edition known = edition;
            long version = book.version();
            if (stopping || (known != null && known.version() == version && !secretsMayHaveEnded(known))) {
                return;
            }
            if (known == null) {
                int sealed = book.reseal();
                if (sealed > 0) {
                    LOG.info("Sealed {} secrets of endpoints by the first key.", sealed);
                }
            }
            Edition read = book.edition();
            sayLocked(known);
            readNanos = System.nanoTime();
            if (known == null || known.version() != read.version()) {
                dependOn(known, read);
            }
            edition = read;
            arrange(read);
        } finally {
            looking.unlock();
        }
    }

    /** Which of them are locked shows in the list; that some are is said when something changed. */
    private void sayLocked(@Nullable Edition before) {
        List<String> locked = book.list().stream()
                .filter(Standing::locked)
                .map(standing -> standing.endpoint().name())
                .toList();
        if (!locked.isEmpty() && (before == null || before.version() != book.version())) {
            LOG.error(
                    "Secrets of the endpoints {} are sealed by a key that this server has not; it sends nothing to them."
                            + " Give it the key: --secret-key-file.",
                    locked);
        }
    }

    /** A secret that was replaced ends without a change. */
    private boolean secretsMayHaveEnded(Edition known) {
        return System.nanoTime() - readNanos > SECRETS_NANOS
                && known.secrets().values().stream().anyMatch(some -> some.size() > 1);
    }

    private Edition edition() {
        Edition known = edition;
        return known == null ? new Edition(0, List.of(), Map.of()) : known;
    }

    /** What answers at a host has a breaker, as what an endpoint depends on beside it has; kinds that no endpoint has any more depend on nothing. */
    private void dependOn(@Nullable Edition before, Edition now) {
        Map<String, Set<String>> dependencies = new HashMap<>();
        if (before != null) {
            before.endpoints()
                    .forEach(standing -> standing.endpoint().kinds().forEach(kind -> dependencies.put(kind, Set.of())));
        }
        now.endpoints()
                .forEach(standing -> standing.endpoint()
                        .kinds()
                        .forEach(kind ->
                                dependencies.put(kind, standing.endpoint().dependencies())));
        if (!dependencies.isEmpty()) {
            mill.remote().dependOn(dependencies, List.of());
        }
    }

    private void arrange(Edition now) {
        Map<String, Courier> wanted = new HashMap<>();
        for (Standing standing : now.endpoints()) {
            if (standing.open() && !standing.endpoint().onDemand()) {
                wanted.put(standing.endpoint().name(), courier(standing, now));
            }
        }
        lines.entrySet().removeIf(entry -> {
            Line line = entry.getValue();
            boolean keep = line.thread().isAlive() && line.courier().sameAs(wanted.get(entry.getKey()));
            if (!keep) {
                line.thread().interrupt();
            }
            return !keep;
        });
        wanted.forEach((name, courier) -> {
            if (!lines.containsKey(name)) {
                Thread thread = Thread.ofVirtual().name("tidemill-push-" + name).start(() -> send(courier));
                lines.put(name, new Line(courier, thread));
            }
        });
        rooms.keySet()
                .removeIf(name -> now.endpoints().stream()
                        .noneMatch(standing -> standing.endpoint().name().equals(name.split("/", 2)[0])));
    }

    private Courier courier(Standing standing, Edition now) {
        Endpoint endpoint = standing.endpoint();
        return new Courier(
                mill,
                book,
                postman,
                endpoint,
                now.secrets().getOrDefault(endpoint.name(), List.of()),
                rooms.computeIfAbsent(
                        endpoint.name() + "/" + endpoint.concurrency(), any -> new Semaphore(endpoint.concurrency())),
                () -> stopping);
    }

    private void send(Courier courier) {
        Semaphore room = courier.room();
        boolean said = false;
        while (!stopping && !Thread.currentThread().isInterrupted()) {
            int taken = 0;
            try {
                room.acquire();
                taken = 1 + take(room, MOST - 1);
                for (Held job : claim(courier, taken, PATIENCE)) {
                    taken--;
                    started(courier, job, done -> {});
                }
                said = false;
            } catch (InterruptedException changed) {
                Thread.currentThread().interrupt();
            } catch (RuntimeException failed) {
                if (!said && !stopping) {
                    LOG.warn(
                            "Claiming for the endpoint {} failed and is tried again: {}",
                            courier.endpoint().name(),
                            failed.getMessage());
                    said = true;
                }
                LockSupport.parkNanos(this, LOOK_NANOS);
            } finally {
                room.release(taken);
            }
        }
    }

    /** Takes as many places as are free, up to so many. */
    private static int take(Semaphore room, int most) {
        int taken = 0;
        while (taken < most && room.tryAcquire()) {
            taken++;
        }
        return taken;
    }

    private List<Held> claim(Courier courier, int max, Duration patience) throws InterruptedException {
        Endpoint endpoint = courier.endpoint();
        return mill.remote()
                .claim(new Request(
                        "push:"
                                + endpoint.name()
                                        .substring(
                                                0, Math.min(90, endpoint.name().length())),
                        endpoint.kinds(),
                        endpoint.queues(),
                        max,
                        patience,
                        endpoint.timeout().plus(MARGIN)));
    }

    /** A thread that sends the job, and gives back its place in the endpoint's room. */
    private Thread started(Courier courier, Held job, Consumer<Boolean> onEnd) {
        sending.incrementAndGet();
        return Thread.ofVirtual().name("push-" + job.handle().job()).start(() -> {
            boolean done = false;
            try {
                done = courier.deliver(job);
            } finally {
                courier.room().release();
                sending.decrementAndGet();
                onEnd.accept(done);
            }
        });
    }

    /**
     * What a round came to.
     *
     * @param claimed how many jobs were sent
     * @param succeeded how many of them are done
     * @param failed how many of them failed, or were put off
     * @param running how many of them were not answered within the round's time, and go on
     */
    public record Round(int claimed, int succeeded, int failed, int running) {}

    /**
     * Sends up to so many due jobs of the open endpoints now, also of those that wait to be asked, and waits for what comes
     * of them; 25 seconds at most.
     */
    public Round round(int batch) throws InterruptedException {
        refresh();
        List<Courier> couriers = couriers();
        long end = System.nanoTime() + ROUND.toNanos();
        AtomicInteger succeeded = new AtomicInteger();
        AtomicInteger failed = new AtomicInteger();
        List<Thread> threads = new ArrayList<>();
        boolean more = true;
        while (more && threads.size() < batch && end - System.nanoTime() > 0 && !stopping) {
            more = false;
            for (Courier courier : couriers) {
                int places = take(courier.room(), Math.min(MOST, batch - threads.size()));
                // As long as this round has places of its own taken, one may come free. What another round, or a line,
                // has taken all places for is theirs to send.
                more |= places == 0
                        && threads.size() < batch
                        && threads.stream().anyMatch(Thread::isAlive);
                int sent = 0;
                try {
                    for (Held job : places == 0 ? List.<Held>of() : claim(courier, places, Duration.ZERO)) {
                        sent++;
                        threads.add(started(courier, job, done -> (done ? succeeded : failed).incrementAndGet()));
                    }
                } finally {
                    courier.room().release(places - sent);
                }
                more |= sent > 0;
            }
            if (more) {
                join(threads.getLast(), SHORT);
            }
        }
        for (Thread thread : threads) {
            join(thread, Duration.ofNanos(Math.max(0, end - System.nanoTime())));
        }
        int through = succeeded.get() + failed.get();
        return new Round(threads.size(), succeeded.get(), failed.get(), threads.size() - through);
    }

    private static void join(Thread thread, Duration atMost) throws InterruptedException {
        if (!thread.join(atMost)) {
            LOG.trace("{} goes on", thread.getName());
        }
    }

    private List<Courier> couriers() {
        looking.lock();
        try {
            Edition now = edition();
            return now.endpoints().stream()
                    .filter(Standing::open)
                    .map(standing -> courier(standing, now))
                    .toList();
        } finally {
            looking.unlock();
        }
    }

    /**
     * What a test found.
     *
     * @param status of the answer; 0 if there was none
     * @param took how long it took
     * @param error what was wrong; null if it was a 2xx
     */
    public record Tried(int status, Duration took, @Nullable String error) {}

    /** Sends an endpoint something that is no job; what it answered, or how it failed. */
    public Tried test(String name, String by) {
        refresh();
        Standing standing = book.find(name)
                .orElseThrow(() -> new TidemillException(
                        ErrorCode.NOT_FOUND, "There is no endpoint of this name; nothing was sent."));
        Courier courier;
        looking.lock();
        try {
            courier = courier(standing, edition());
        } finally {
            looking.unlock();
        }
        Tried tried = courier.test();
        book.tested(name, by, tried.status() == 0 ? "no answer" : "answered " + tried.status());
        return tried;
    }

    /** Claims nothing more, waits ten seconds for answers, and gives back what is not answered by then. */
    @Override
    public void close() {
        stopping = true;
        looking.lock();
        try {
            lines.values().forEach(line -> line.thread().interrupt());
            lines.clear();
        } finally {
            looking.unlock();
        }
        LockSupport.unpark(lookout);
        long end = System.nanoTime() + GRACE.toNanos();
        while (sending.get() > 0 && end - System.nanoTime() > 0) {
            LockSupport.parkNanos(this, 5_000_000L);
        }
        postman.close();
    }
}
