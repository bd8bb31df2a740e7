package dev.tidemill.postgres;

import dev.tidemill.jobs.Schedules;
import dev.tidemill.jobs.store.Clockwork.Fire;
import dev.tidemill.jobs.store.Clockwork.Plan;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Collects what was planned for schedules, and writes it in few statements. For one transaction. */
final class ScheduleWriter {
    /** How many unfinished jobs of a schedule are watched: more can only come from triggering it by hand. */
    private static final int MOST_WATCHED = 100;

    private final Connection connection;
    private final Statements statements;
    private final Fires recorded = new Fires();
    private final Fires released = new Fires();
    private final Set<Long> fired = new LinkedHashSet<>();
    private final List<Advance> advances = new ArrayList<>();

    ScheduleWriter(Connection connection, Statements statements) {
        this.connection = connection;
        this.statements = statements;
    }

    private record Advance(
            long id,
            long next,
            long last,
            long wake,
            String open,
            long job,
            @Nullable String error) {}

    private static final class Fires {
        private final List<Long> schedules = new ArrayList<>();
        private final List<Long> times = new ArrayList<>();
        private final List<Integer> outcomes = new ArrayList<>();
        private final List<Long> jobs = new ArrayList<>();
        private final List<Long> since = new ArrayList<>();

        void add(long schedule, Fire fire, long job) {
            schedules.add(schedule);
            times.add(fire.fireMicros());
            outcomes.add(fire.outcome().code());
            jobs.add(job);
            since.add(fire.sinceMicros());
        }

        boolean isEmpty() {
            return schedules.isEmpty();
        }
    }

    /**
     * Takes in a plan.
     *
     * @param jobs the ids of its jobs: those of fires that waited first
     */
    void add(long schedule, Plan plan, List<Long> jobs) {
        int next = 0;
        for (Fire fire : plan.released()) {
            released.add(schedule, fire, jobs.get(next++));
        }
        for (Fire fire : plan.fires()) {
            recorded.add(schedule, fire, fire.job() == null ? 0 : jobs.get(next++));
            fired.add(schedule);
        }
        List<Long> open = new ArrayList<>(plan.unfinished());
        open.addAll(jobs);
        int most = plan.watchNewestOnly() ? 1 : MOST_WATCHED;
        advances.add(new Advance(
                schedule,
                plan.nextMicros(),
                plan.lastMicros(),
                plan.wakeMicros(),
                open.subList(Math.max(0, open.size() - most), open.size()).stream()
                        .map(String::valueOf)
                        .collect(Collectors.joining(",", "{", "}")),
                jobs.isEmpty() ? 0 : jobs.getLast(),
                plan.error()));
    }

    /** Writes all of it. */
    void write() throws SQLException {
        if (!released.isEmpty()) {
            execute("schedule_release", longs(released.schedules), longs(released.times), longs(released.jobs));
        }
        if (!recorded.isEmpty()) {
            record(recorded, false);
        }
        if (!advances.isEmpty()) {
            execute(
                    "schedule_advance",
                    advances.stream().mapToLong(Advance::id).toArray(),
                    advances.stream().mapToLong(Advance::next).toArray(),
                    advances.stream().mapToLong(Advance::last).toArray(),
                    advances.stream().mapToLong(Advance::wake).toArray(),
                    advances.stream().map(Advance::open).toArray(String[]::new),
                    advances.stream().mapToLong(Advance::job).toArray(),
                    advances.stream().map(Advance::error).toArray(String[]::new));
        }
        if (!fired.isEmpty()) {
            trim(longs(List.copyOf(fired)));
        }
    }

    /** Writes a fire that a person asked for; the schedule's own times are not touched. */
    void writeManual(long schedule, Fire fire, long job) throws SQLException {
        Fires manual = new Fires();
        manual.add(schedule, fire, job);
        record(manual, true);
        execute("schedule_triggered", job, job, job, schedule);
        trim(new long[] {schedule});
    }

    /** The latest time at which a person triggered this. */
    long lastManual(long schedule) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(statements.get("schedule_last_manual"))) {
            statement.setLong(1, schedule);
            try (ResultSet rows = statement.executeQuery()) {
                rows.next();
                return rows.getLong(1);
            }
        }
    }

    private void record(Fires fires, boolean manual) throws SQLException {
        short[] outcomes = new short[fires.outcomes.size()];
        for (int i = 0; i < outcomes.length; i++) {
            outcomes[i] = fires.outcomes.get(i).shortValue();
        }
        execute(
                "schedule_record",
                manual,
                longs(fires.schedules),
                longs(fires.times),
                outcomes,
                longs(fires.jobs),
                longs(fires.since));
    }

    private void trim(long[] schedules) throws SQLException {
        execute("schedule_trim", schedules, Schedules.HISTORY);
    }

    private void execute(String name, Object... parameters) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(statements.get(name))) {
            Parameters.set(statement, parameters);
            statement.executeUpdate();
        }
    }

    private static long[] longs(List<Long> values) {
        return values.stream().mapToLong(Long::longValue).toArray();
    }
}
