package dev.tidemill.jobs.engine;

import dev.tidemill.jobs.Breakers;
import dev.tidemill.jobs.Cancellation;
import dev.tidemill.jobs.ChunkStats;
import dev.tidemill.jobs.Diagnosis.Repair;
import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.Enqueued;
import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.FailureAlarm;
import dev.tidemill.jobs.FailureAlarms;
import dev.tidemill.jobs.HeapStats;
import dev.tidemill.jobs.JobFilter;
import dev.tidemill.jobs.JobObserver;
import dev.tidemill.jobs.JobPage;
import dev.tidemill.jobs.JobView;
import dev.tidemill.jobs.Leases;
import dev.tidemill.jobs.Limits;
import dev.tidemill.jobs.LogLine;
import dev.tidemill.jobs.Pauses;
import dev.tidemill.jobs.RemoteWork;
import dev.tidemill.jobs.Retention;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.jobs.Transaction;
import dev.tidemill.jobs.Why;
import dev.tidemill.jobs.store.Checkup;
import dev.tidemill.jobs.store.Desk;
import dev.tidemill.jobs.store.Hint;
import dev.tidemill.jobs.store.JobStore;
import dev.tidemill.jobs.store.JobStoreProvider;
import dev.tidemill.jobs.store.NewJob;
import dev.tidemill.jobs.store.NodeInfo;
import dev.tidemill.jobs.store.Search.Found;
import dev.tidemill.jobs.store.Search.Place;
import dev.tidemill.jobs.store.Signals;
import dev.tidemill.jobs.store.Signals.Heard;
import dev.tidemill.jobs.store.StoreException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.sql.Connection;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Ties the parts together: who is woken when something was committed, and what starts and stops in which order. */
public final class Engine {
    private static final Duration LISTEN_TURN = Duration.ofMillis(500);

    private final JobStore store;
    private final Settings settings;
    private final Signals signals;
    private final Enqueuer enqueuer;
    private final Notifier notifier;
    private final Observers observers;
    private final Traces traces;
    private final Steering steering;
    private final JobDesk desk;
    private final String self;
    private final Caretaker caretaker;
    private final Scheduler scheduler;
    private final ScheduleBook schedules;
    private final Registry registry;
    private volatile @Nullable Node node;
    private final @Nullable Crank crank;
    private final Loop listener = new Loop("listen", this::listen);
    private final Object stopLock = new Object();
    private final Map<String, FailureAlarm> alarms;
    private final Map<String, Set<String>> dependencies;
    private volatile boolean stopped;

    private Engine(JobStore store, Registry registry, Settings settings, boolean byHand) {
        this.store = store;
        this.registry = registry;
        this.settings = settings;
        this.signals = store.signals();
        this.notifier = new Notifier(signals);
        this.observers = new Observers(settings.priorities());
        this.traces = new Traces(settings.tracing());
        this.enqueuer =
                new Enqueuer(registry, settings, store.intake(), traces, observers, this::committed, this::handOver);
        this.caretaker = new Caretaker(store.upkeep(), store.history(), settings, observers, this::committed);
        this.self = settings.self();
        this.schedules = new ScheduleBook(store.timetable().by(self), enqueuer, this::committed, this::scheduleChanged);
        this.scheduler = new Scheduler(store.clockwork(), new FirePlanner(schedules::job), observers, this::committed);
        this.steering = new Steering(store.control(), this::committed, self);
        this.desk = new JobDesk(store, enqueuer, settings.priorities(), this::committed);
        this.alarms = registry.alarms();
        this.dependencies = registry.dependencies();
        Set<String> kinds = registry.handledKinds();
        this.crank = byHand
                ? new Crank(
                        store,
                        scheduler,
                        some -> store.join(describeNode(settings, some)),
                        registry,
                        settings,
                        traces,
                        observers,
                        this::committed)
                : null;
        this.node = byHand || kinds.isEmpty()
                ? null
                : new Node(
                        store, describeNode(settings, kinds), registry, settings, traces, observers, this::committed);
    }

    /** Opens the store, and starts to work. */
    public static Engine start(DataSource dataSource, Registry registry, Settings settings) {
        return translated(() -> {
            JobStore store = provider().open(dataSource, settings.schema(), settings.migrate());
            Engine engine = new Engine(store, registry, settings, false);
            try {
                store.history().define(settings.history(), registry.keeps(), engine.self);
                engine.start();
                return engine;
            } catch (RuntimeException failed) {
                engine.stop(Duration.ZERO);
                throw failed;
            }
        });
    }

    /** Opens the store for an owner who runs the jobs: nothing is started. */
    public static Engine byHand(DataSource dataSource, Registry registry, Settings settings) {
        return translated(() -> {
            JobStore store = provider().open(dataSource, settings.schema(), settings.migrate());
            Engine engine = new Engine(store, registry, settings, true);
            if (registry.hasDependencies()) {
                store.breakers().define(settings.breakers().values(), registry.dependencies(), engine.self);
            }
            return engine;
        });
    }

    /** What turns an engine opened {@link #byHand}. */
    public Crank crank() {
        return Objects.requireNonNull(crank, "this engine turns by itself");
    }

    private static JobStoreProvider provider() {
        return ServiceLoader.load(JobStoreProvider.class, Engine.class.getClassLoader())
                .findFirst()
                .orElseThrow(() -> new TidemillException(
                        ErrorCode.STORE_MISSING,
                        "No job store is on the class path; add dev.tidemill:tidemill-postgres."));
    }

    /** The name of the schema that holds the tables. */
    public String schema() {
        return settings.schema();
    }

    private static NodeInfo describeNode(Settings settings, Set<String> kinds) {
        long pid = ProcessHandle.current().pid();
        String host;
        try {
            host = InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException unnamed) {
            host = "localhost";
        }
        String name = settings.nodeName();
        return new NodeInfo(
                name != null ? name : host + "-" + pid,
                host,
                pid,
                kinds,
                List.copyOf(settings.queues().keySet()),
                settings.priorities());
    }

    private void start() {
        if (!alarms.isEmpty()) {
            store.alarms().define(alarms, self);
        }
        Node handling = node;
        if (handling != null) {
            store.breakers().define(settings.breakers().values(), dependencies, self);
            // The node first: if it cannot join, nothing was started that would have to be stopped.
            handling.start();
            listener.start();
        }
        notifier.start();
        caretaker.start();
        scheduler.start();
    }

    private void scheduleChanged() {
        scheduler.wake();
    }

    private Duration listen() {
        Heard heard = signals.await(LISTEN_TURN);
        heard.hints().forEach(this::wakeHere);
        Node here = node;
        if (heard.cancels() && here != null) {
            here.doAsAsked();
        }
        return Duration.ZERO;
    }

    private List<Long> handOver(List<NewJob> jobs) {
        return node == null ? List.of() : node.handOver(jobs);
    }

    /** Wakes whoever can run what was committed: this process by a call, the others by a signal. */
    private void committed(List<Hint> hints) {
        for (Hint hint : hints) {
            wakeHere(hint);
            notifier.add(hint);
        }
    }

    private void wakeHere(Hint hint) {
        Node here = node;
        if (hint.dueMicros() != 0) {
            caretaker.due(hint.dueMicros());
        } else if (here != null) {
            here.hint(hint);
        }
    }

    /** Enqueues one job. */
    public Enqueued enqueue(Object job, EnqueueOptions options) {
        refuseIfStopped();
        return translated(() -> enqueuer.enqueue(job, options));
    }

    /** Enqueues many jobs in one transaction. */
    public List<Long> enqueueAll(Collection<?> jobs, EnqueueOptions options) {
        refuseIfStopped();
        return translated(() -> enqueuer.enqueueAll(jobs, options));
    }

    /** Enqueues jobs in the caller's transaction. */
    public List<Long> enqueue(Connection connection, Collection<?> jobs, EnqueueOptions options) {
        refuseIfStopped();
        return translated(() -> enqueuer.add(connection, jobs, options).ids());
    }

    /** Enqueues one job in the caller's transaction. */
    public Enqueued enqueueOne(Connection connection, Object job, EnqueueOptions options) {
        refuseIfStopped();
        return translated(() -> enqueuer.add(connection, List.of(job), options).first());
    }

    /** Runs a transaction and wakes whoever can run what it enqueued. */
    public <R> R inTransaction(DataSource dataSource, Transaction.Call<R> body) throws Exception {
        refuseIfStopped();
        return OpenTransaction.run(dataSource, enqueuer, this::committed, body);
    }

    /** Asks the store. */
    public <T> T ask(Function<Desk, T> question) {
        return translated(() -> question.apply(store.desk()));
    }

    /** A page of the jobs that fit. */
    public JobPage search(JobFilter filter, @Nullable String cursor, int limit) {
        @Nullable Place from = cursor == null ? null : SearchCursor.read(cursor, filter);
        Found found = translated(() -> store.search().find(filter, from, limit));
        @Nullable Place next = found.next();
        return new JobPage(
                found.jobs(),
                next == null ? null : SearchCursor.write(next, filter),
                found.examined(),
                found.searchedTo());
    }

    /** What a job's handlers logged. */
    public List<LogLine> log(long job, int limit) {
        return translated(() -> store.journal().lines(job, limit));
    }

    /** Tells this observer from now on, until what is returned is run. */
    public Runnable observe(JobObserver observer) {
        return observers.add(observer);
    }

    /** How many handlers run in this process. */
    public int running() {
        return node == null ? 0 : node.running();
    }

    /** How full the heap is; empty in a process that handles nothing. */
    public Optional<HeapStats> heap() {
        Node here = node;
        return here == null ? Optional.empty() : Optional.of(here.heap());
    }

    /** How the kinds handled in chunks do in this process. */
    public List<ChunkStats> chunks() {
        Node here = node;
        return here == null ? List.of() : here.chunks();
    }

    /** The schedules. */
    public ScheduleBook schedules() {
        refuseIfStopped();
        return schedules;
    }

    /** Looks for what ails the store. */
    public <T> T check(Function<Checkup, T> look) {
        return translated(() -> look.apply(store.checkup()));
    }

    /** Mends what can be mended safely, and says what was. */
    public List<Repair> repair(Duration patience, String by) {
        Steering.checkText("The name of who asks", by, 1, 100);
        return check(checkup -> checkup.repair(patience, by));
    }

    /** Why a job is not running. */
    public Optional<Why> why(long id) {
        return check(checkup -> checkup.why(id));
    }

    /** Why a job that was just looked at is not running. */
    public Why why(JobView job) {
        return check(checkup -> checkup.why(job));
    }

    /** What people decide about jobs and nodes. */
    public JobDesk desk() {
        return desk;
    }

    /** By what name this process asks for something where nobody else's is given. */
    public String self() {
        return self;
    }

    /** Work for others; this process joins as a node if it has not. */
    public RemoteWork remote() {
        refuseIfStopped();
        Node known = node;
        if (known != null) {
            return known.remote();
        }
        if (crank != null) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "This Tidemill is turned by hand and has no heart: it hands out nothing. Start it with start().");
        }
        return translated(this::join).remote();
    }

    private Node join() {
        synchronized (stopLock) {
            refuseIfStopped();
            Node known = node;
            if (known != null) {
                return known;
            }
            Node joined = new Node(
                    store,
                    describeNode(settings, registry.handledKinds()),
                    registry,
                    settings,
                    traces,
                    observers,
                    this::committed);
            joined.start();
            node = joined;
            listener.start();
            return joined;
        }
    }

    /** The limits. */
    public Limits limits() {
        return steering;
    }

    /** The breakers. */
    public Breakers breakers() {
        return new Fuses(store.breakers());
    }

    /** When kinds fail too often. */
    public FailureAlarms alarms() {
        return new AlarmBook(store.alarms());
    }

    /** What nodes hold. */
    public Leases leases() {
        return new Custody(store.leases(), this::committed);
    }

    /** How long history stays. */
    public Retention retention() {
        return new HistoryKeeper(store.history());
    }

    /** The pauses. */
    public Pauses pauses() {
        return steering;
    }

    /** Cancels a job. */
    public Cancellation cancel(long job, String by) {
        Steering.checkText("The name of who cancels", by, 1, 100);
        Cancellation done = translated(() -> store.control().cancel(job, by));
        Node here = node;
        if (done == Cancellation.INTERRUPTED && here != null) {
            here.doAsAsked();
        }
        return done;
    }

    /** Whether this process is in contact and at work. */
    public boolean ready() {
        if (stopped) {
            return false;
        }
        Node here = node;
        if (here != null) {
            return here.ready();
        }
        try {
            store.upkeep().probe();
            return true;
        } catch (RuntimeException unreachable) {
            return false;
        }
    }

    /** Stops everything, once. */
    public void stop(Duration grace) {
        synchronized (stopLock) {
            if (stopped) {
                return;
            }
            stopped = true;
            scheduler.stop();
            Node here = node;
            if (here != null) {
                here.stop(grace);
            }
            if (crank != null) {
                crank.stop();
            }
            caretaker.stop();
            notifier.stop();
            listener.stop();
            listener.join(LISTEN_TURN.multipliedBy(2));
            signals.close();
            store.close();
        }
    }

    private void refuseIfStopped() {
        if (stopped) {
            throw new TidemillException(ErrorCode.STOPPED, "This Tidemill was stopped; start another one.");
        }
    }

    static void run(Runnable call) {
        translated(() -> {
            call.run();
            return true;
        });
    }

    static <T> T translated(Supplier<T> call) {
        try {
            return call.get();
        } catch (StoreException failed) {
            throw new TidemillException(failed.code(), String.valueOf(failed.getMessage()), failed);
        }
    }
}
