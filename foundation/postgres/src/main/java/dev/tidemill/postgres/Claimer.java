package dev.tidemill.postgres;

import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.store.ClaimedJob;
import dev.tidemill.jobs.store.Hint;
import dev.tidemill.jobs.store.NewJob;
import dev.tidemill.jobs.store.NodeInfo;
import dev.tidemill.jobs.store.Workplace.Demand;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Sends a process's claims: one for all queues that know no limits, and others, only where there are any, for limited
 * queues and for limited kinds. The last two take the limits' locks, so they cost the first nothing. A queue that has
 * jobs of both sorts is asked for both in turns, since each alone could fill it. What is claimed for handlers elsewhere
 * goes the same ways, by positions of its own for each choice of kinds.
 *
 * <p>For the claiming thread alone, but for {@link #hint} and {@link #freeVersion}.
 */
final class Claimer {
    /** Rules may change between two claims, but hardly all the time. */
    private static final int TRIES = 5;

    private static final long SHRINK_NANOS = 1_000_000_000L;

    /** So many choices of kinds, beside the node's own, have their positions remembered. */
    private static final int OTHERS = 200;

    /** The claim itself returns jobs as they lie. */
    private static final Comparator<ClaimedJob> BY_DEADLINE = Comparator.<ClaimedJob, Boolean>comparing(
                    job -> job.priority() != Priority.CRITICAL)
            .thenComparingLong(ClaimedJob::startByMicros)
            .thenComparingLong(ClaimedJob::id);

    private final Session session;
    private final Statements statements;
    private final NameIds kinds;
    private final NameIds queues;
    private final long epoch;
    private final int slot;
    private final int[] weights;
    private final long[] within;
    private final Lookout lookout;
    private final Probes probes;
    private final long nowMicros;
    private final Reach own;
    private final Map<Set<String>, Reach> others = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Set<String>, Reach> eldest) {
            return size() > OTHERS;
        }
    };
    private volatile @Nullable Gates gates;
    private long version;
    private boolean asked;
    private long shrunkNanos = System.nanoTime();

    Claimer(
            Session session,
            Statements statements,
            NameIds kinds,
            NameIds queues,
            NodeInfo node,
            long epoch,
            int slot,
            Lookout lookout,
            long nowMicros) {
        this.kinds = kinds;
        this.lookout = lookout;
        this.probes = new Probes(session, statements, epoch, slot);
        this.session = session;
        this.statements = statements;
        this.queues = queues;
        this.epoch = epoch;
        this.slot = slot;
        this.weights = Lanes.weights(node.priorities());
        this.within = Lanes.deadlines(node.priorities());
        this.nowMicros = nowMicros;
        this.own = reach(node.kinds());
    }

    /** A claim of what has limits; left out for a moment while there are plain jobs and the last one found nothing. */
    private List<ClaimedJob> claimBeside(
            Reach reach, List<Demand> demands, int[] wanted, Gates rules, Lanes lanes, Reach.Rest rest) {
        List<ClaimedJob> claimed =
                rest.unless(reach.plainFlow, demands, () -> claimLimited(demands, wanted, rules, lanes));
        reach.limitedFlow |= !claimed.isEmpty();
        return claimed;
    }

    /** A claim of plain jobs; left out for a moment while there are limited ones and the last one found nothing. */
    private List<ClaimedJob> claimPlainBeside(
            Reach reach, List<Demand> demands, int[] wanted, Gates rules, boolean limitedFlow) {
        return reach.plainRest.unless(
                limitedFlow, demands, () -> claimPlain(reach, demands, wanted, rules, reach.plain));
    }

    private Reach reach(Set<String> names) {
        return new Reach(names.stream().mapToInt(kinds::id).sorted().toArray(), nowMicros, within);
    }

    void hint(Hint hint) {
        own.hint(hint);
        reaches().forEach(reach -> reach.hint(hint));
    }

    private List<Reach> reaches() {
        synchronized (others) {
            return List.copyOf(others.values());
        }
    }

    long rules() {
        return version;
    }

    /**
     * The version of the rules under which these jobs may start without a claim; empty if there may be a rule for one of
     * them. Thread safe.
     */
    Optional<Long> freeVersion(List<NewJob> jobs) {
        Gates current = gates;
        if (current == null) {
            return Optional.empty();
        }
        boolean free = jobs.stream().allMatch(job -> current.free(queues.id(job.queue()), kinds.id(job.kind())));
        return free ? Optional.of(current.version()) : Optional.empty();
    }

    List<ClaimedJob> claim(List<Demand> demands) {
        return claim(own, demands);
    }

    /** Jobs of these kinds, whatever the node's own are. */
    List<ClaimedJob> claim(Set<String> names, List<Demand> demands) {
        Reach reach;
        synchronized (others) {
            reach = others.get(names);
        }
        if (reach == null) {
            reach = reach(names);
            synchronized (others) {
                others.put(Set.copyOf(names), reach);
            }
        }
        return claim(reach, demands);
    }

    private List<ClaimedJob> claim(Reach reach, List<Demand> demands) {
        for (int attempt = 1; ; attempt++) {
            Gates current = gates;
            if (current == null) {
                current = readGates();
            }
            try {
                asked = false;
                List<ClaimedJob> claimed = claim(reach, demands, current);
                // Nobody refuses what is not sent: where all is paused, the rules have to be asked for.
                gates = asked ? current : null;
                return withProbe(reach, claimed, demands, current);
            } catch (ControlChangedException changed) {
                gates = null;
                if (attempt == TRIES) {
                    return List.of();
                }
            }
        }
    }

    /** And, where kinds wait behind a breaker, now and then a job of one of them that finds out whether to go on. */
    private List<ClaimedJob> withProbe(Reach reach, List<ClaimedJob> claimed, List<Demand> demands, Gates rules) {
        int[] broken = rules.brokenKinds(reach.kindIds);
        if (broken.length == 0 || !reach.probeIsDue()) {
            return claimed;
        }
        reach.probedNanos = System.nanoTime();
        List<ClaimedJob> all = new ArrayList<>(claimed);
        probes.claim(
                        broken,
                        less(demands, claimed).stream()
                                .filter(demand -> rules.open(queues.id(demand.queue())))
                                .toList(),
                        (demand, wanted) -> claimProbe(reach, demand, wanted, rules))
                .ifPresent(all::add);
        return all;
    }

    /** From the beginning of the lanes, since the others' positions are not those of kinds that were passed over. */
    private List<ClaimedJob> claimProbe(Reach reach, Demand demand, int[] wanted, Gates rules) {
        Lanes fresh = Lanes.fromTheBeginning(demand.queue());
        List<Demand> one = List.of(
                new Demand(demand.queue(), Math.min(1, demand.slots()), 1, demand.strict(), demand.offPeakOpen()));
        if (rules.limits(queues.id(demand.queue()))) {
            return claimLimited(one, wanted, rules, fresh);
        }
        List<ClaimedJob> claimed = claimPlain(reach, one, rules.limited(wanted, false), rules, fresh);
        return claimed.isEmpty() ? claimLimited(one, rules.limited(wanted, true), rules, fresh) : claimed;
    }

    /** What was passed over under other rules lies before the positions, so the next claims look everywhere. */
    private Gates readGates() {
        Gates read = session.call(connection -> Gates.read(connection, statements, epoch));
        if (read.version() != version) {
            version = read.version();
            own.lookEverywhere();
            reaches().forEach(Reach::lookEverywhere);
        }
        gates = read;
        return read;
    }

    private List<ClaimedJob> claim(Reach reach, List<Demand> demands, Gates rules) {
        List<Demand> free = new ArrayList<>();
        List<Demand> limited = new ArrayList<>();
        for (Demand demand : demands) {
            int queue = queues.id(demand.queue());
            if (rules.open(queue)) {
                (rules.limits(queue) ? limited : free).add(demand);
            }
        }
        int[] freeKinds = rules.openKinds(reach.kindIds, false);
        int[] boundKinds = rules.openKinds(reach.kindIds, true);
        List<ClaimedJob> claimed = new ArrayList<>();
        boolean limitedFlow = reach.limitedFlow;
        reach.limitedFlow = false;
        reach.kindsFirst = !reach.kindsFirst;
        if (reach.kindsFirst) {
            claimed.addAll(claimBeside(reach, free, boundKinds, rules, reach.limitedKinds, reach.kindsRest));
            claimed.addAll(claimPlainBeside(reach, less(free, claimed), freeKinds, rules, limitedFlow));
        } else {
            claimed.addAll(claimPlainBeside(reach, free, freeKinds, rules, limitedFlow));
            claimed.addAll(
                    claimBeside(reach, less(free, claimed), boundKinds, rules, reach.limitedKinds, reach.kindsRest));
        }
        claimed.addAll(claimBeside(
                reach, limited, rules.openKinds(reach.kindIds), rules, reach.limitedQueues, reach.queuesRest));
        Set<String> strict =
                demands.stream().filter(Demand::strict).map(Demand::queue).collect(Collectors.toSet());
        claimed.sort(
                strict.isEmpty()
                        ? BY_DEADLINE
                        : Comparator.<ClaimedJob>comparingInt(job -> strict.contains(job.queue())
                                        ? job.priority().code()
                                        : 0)
                                .thenComparing(BY_DEADLINE));
        return claimed;
    }

    /** What is left of the demands after these jobs. */
    private static List<Demand> less(List<Demand> demands, List<ClaimedJob> claimed) {
        if (claimed.isEmpty()) {
            return demands;
        }
        List<Demand> left = new ArrayList<>(demands.size());
        for (Demand demand : demands) {
            int taken = (int) claimed.stream()
                    .filter(job -> job.queue().equals(demand.queue()))
                    .count();
            if (demand.criticalSlots() > taken) {
                left.add(new Demand(
                        demand.queue(),
                        Math.max(0, demand.slots() - taken),
                        demand.criticalSlots() - taken,
                        demand.strict(),
                        demand.offPeakOpen()));
            }
        }
        return left;
    }

    private List<ClaimedJob> claimPlain(Reach reach, List<Demand> demands, int[] wanted, Gates rules, Lanes lanes) {
        reach.plainFlow = false;
        if (demands.isEmpty() || wanted.length == 0) {
            return List.of();
        }
        Request request = new Request(demands, lanes, wanted);
        List<ClaimedJob> claimed = session.call(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(statements.get("claim"))) {
                Parameters.set(
                        statement,
                        epoch,
                        slot,
                        wanted,
                        weights,
                        request.queueIds,
                        request.limits,
                        request.critical,
                        request.modes,
                        request.startBys,
                        request.jobs,
                        rules.version());
                return read(statement, false);
            }
        });
        request.end(claimed, claimed);
        reach.plainFlow = !claimed.isEmpty();
        return claimed;
    }

    private List<ClaimedJob> claimLimited(List<Demand> demands, int[] wanted, Gates rules, Lanes lanes) {
        if (demands.isEmpty() || wanted.length == 0) {
            return List.of();
        }
        shrinkLeases();
        Request request = new Request(demands, lanes, wanted);
        List<ClaimedJob> rows = session.call(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(statements.get("claim_within_limits"))) {
                Parameters.set(
                        statement,
                        epoch,
                        slot,
                        wanted,
                        weights,
                        within,
                        request.queueIds,
                        request.limits,
                        request.critical,
                        request.modes,
                        request.startBys,
                        request.jobs,
                        rules.version());
                return read(statement, true);
            }
        });
        List<ClaimedJob> claimed = rows.stream().filter(job -> job.lease() != 0).toList();
        // Of a queue whose positions are not told, what was claimed is all that was seen.
        Set<String> told = rows.stream()
                .filter(job -> job.lease() == 0)
                .map(ClaimedJob::queue)
                .collect(Collectors.toSet());
        request.end(
                claimed,
                told.isEmpty()
                        ? claimed
                        : rows.stream()
                                .filter(job -> job.lease() == 0 || !told.contains(job.queue()))
                                .toList());
        return claimed;
    }

    /** Finished jobs stay in leases of limited queues that had room to spare, for as long as others in them run. */
    private void shrinkLeases() {
        if (System.nanoTime() - shrunkNanos < SHRINK_NANOS) {
            return;
        }
        session.call(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(statements.get("shrink_leases"))) {
                Parameters.set(statement, epoch, slot);
                return statement.execute();
            }
        });
        shrunkNanos = System.nanoTime();
    }

    /** The arrays of a claim, and the lanes they are about. */
    private final class Request {
        private final List<Demand> demands;
        private final Lanes lanes;
        private final boolean everywhere;
        private final int[] queueIds;
        private final int[] limits;
        private final int[] critical;
        private final int[] modes;
        private final long[] startBys;
        private final long[] jobs;
        private final long sentNanos;

        Request(List<Demand> demands, Lanes lanes, int[] wanted) {
            int count = demands.size();
            this.demands = demands;
            this.lanes = lanes;
            this.queueIds = demands.stream()
                    .mapToInt(demand -> queues.id(demand.queue()))
                    .toArray();
            lookout.lookIfDue(lanes, demands.stream().map(Demand::queue).collect(Collectors.toSet()), wanted);
            this.everywhere = lanes.begin();
            this.limits = new int[count];
            this.critical = new int[count];
            this.modes = new int[count];
            this.startBys = new long[count * 5];
            this.jobs = new long[count * 5];
            lanes.fill(demands, everywhere, startBys, jobs);
            for (int q = 0; q < count; q++) {
                Demand demand = demands.get(q);
                limits[q] = demand.slots();
                critical[q] = demand.criticalSlots();
                modes[q] = (demand.strict() ? 1 : 0) + (demand.offPeakOpen() ? 2 : 0);
            }
            this.sentNanos = System.nanoTime();
            asked = true;
        }

        void end(List<ClaimedJob> claimed, List<ClaimedJob> reached) {
            lanes.end(demands, claimed, reached, everywhere, System.nanoTime() - sentNanos);
        }
    }

    private List<ClaimedJob> read(PreparedStatement statement, boolean limited) throws SQLException {
        try (ResultSet rows = statement.executeQuery()) {
            List<ClaimedJob> claimed = new ArrayList<>();
            while (rows.next()) {
                int kind = rows.getInt(5);
                claimed.add(new ClaimedJob(
                        rows.getLong(1),
                        rows.getLong(2),
                        rows.getInt(3),
                        rows.getInt(4),
                        kind == 0 ? "" : kinds.name(kind),
                        queues.name(rows.getInt(6)),
                        Priority.ofCode(rows.getInt(7)),
                        rows.getLong(8),
                        rows.getString(9),
                        rows.getString(10),
                        limited && rows.getBoolean(11)));
            }
            return claimed;
        }
    }

    /** Somebody changed a limit or a pause since the rules were read. */
    static final class ControlChangedException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        ControlChangedException(String message) {
            super(message);
        }
    }
}
